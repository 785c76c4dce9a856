"""numba's `njit` for kernels with signatures, which are read from numba's cache or compiled when one is first needed.

numba itself does that at import: the 90 kernels took 0.8 s in every process, of which most need a few.
"""

from collections.abc import Callable
from typing import Any

import numba
from numba.core.compiler_lock import global_compiler_lock


def njit(signatures: list[Any] | None = None, *, cache: bool = False, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator as `numba.njit` is, for a list of explicit signatures; without one (an inlined function) it is numba's."""
    if signatures is None:
        decorator: Callable[[Callable[..., Any]], Any] = numba.njit(cache=cache, **options)
        return decorator

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(function, **options)
        template = dispatcher.get_call_template

        def load() -> None:
            with global_compiler_lock:  # threads may make the first call at once
                if dispatcher._can_compile:
                    if cache:
                        dispatcher.enable_caching()
                    for signature in signatures:
                        dispatcher.compile(signature)
                    dispatcher.disable_compile()

        def load_for_call(*_: Any, **__: Any) -> Any:
            load()
            return dispatcher  # which numba then calls

        def load_for_caller(args: Any, kws: Any) -> Any:
            load()
            return template(args, kws)

        # What numba asks when no compiled version fits: for a call from Python, and while it compiles a kernel that calls this one.
        dispatcher._compile_for_args, dispatcher.get_call_template = load_for_call, load_for_caller
        return dispatcher

    return decorate
