"""Where the run files and rule packs that come with the package lie."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_FOLDERS = (_PACKAGE / "configs", _PACKAGE.parent / "configs")  # in an installed wheel; in a checkout


def shipped_config(name: str) -> Path | None:
    """The shipped file of this name under `configs/` (`seeds.yaml`, `packs/en.yaml`), or None where there is none."""
    return next((path for folder in _FOLDERS if (path := folder / name).is_file()), None)


def shipped_configs(folder: str = ".", pattern: str = "*.yaml") -> list[Path]:
    """All shipped files that match in a folder under `configs/`, by name."""
    for root in _FOLDERS:
        if (root / folder).is_dir():
            return sorted((root / folder).glob(pattern))
    return []
