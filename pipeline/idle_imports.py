"""What a command of ours need not import, though the libraries that it uses would."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

# Together half a second of CPU, of two and a half that a run of fifty documents takes.
# pyarrow looks for pandas when it first turns a list into an array, to know pandas' types; nothing here has any.
# numba looks for the BLAS in scipy.linalg when it first loads a kernel; ours multiply no matrices.
_IDLE = ("pandas", "scipy.linalg")


class _NotInstalled(MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> None:
        if name in _IDLE:
            raise ModuleNotFoundError(f"{name} is left out of this process", name=name)


def leave_out_idle_imports() -> None:
    """From here on these count as not installed, unless they are imported already.

    For processes that are wholly ours: a script or notebook that calls the library may want them itself.
    """
    sys.meta_path.insert(0, _NotInstalled())
