"""numba's `njit` for kernels with signatures, which are read from numba's cache or compiled when one is first needed.

numba itself does that at import: the 90 kernels took 0.8 s in every process, of which most need a few.
"""

import logging
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numba
from numba.core.caching import FunctionCache
from numba.core.compiler_lock import global_compiler_lock
from numba.core.runtime import rtsys

log = logging.getLogger(__name__)


class _Cache(FunctionCache):
    """numba's, which before it reads imports all that it knows to compile: a tenth of a second and more in every process.

    Whatever compiles imports that itself; a kernel out of the cache needs only the runtime.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The kernel for a signature; None where the cache has none."""
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)


def _keep(dispatcher: Any, function: Callable[..., Any]) -> None:
    """Gives the dispatcher its cache; none where nothing can be written, neither beside the module nor in the home folder."""
    try:
        dispatcher._cache = _Cache(function)
    except RuntimeError:
        _tell_of_no_cache()


@lru_cache(maxsize=1)
def _tell_of_no_cache() -> None:
    log.warning(
        "compiled kernels cannot be kept here, so every process compiles them anew, 80 s of CPU for all; "
        "set NUMBA_CACHE_DIR to a folder that can be written"
    )


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
                        _keep(dispatcher, function)
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
