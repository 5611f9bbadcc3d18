"""Study files that come with gradscape, for `gradscape init`."""

from __future__ import annotations

from pathlib import Path

from search_spaces.errors import InputError, unknown

_SUFFIX = ".yaml"
_FOLDER = Path(__file__).parent.parent / "presets"


def list_presets() -> list[str]:
    """Names of the presets, sorted."""
    return sorted(path.stem for path in _FOLDER.glob(f"*{_SUFFIX}"))


def preset_file(name: str) -> Path:
    """The commented study file of a preset, where gradscape is installed.

    Raises:
        InputError: If there is no such preset.
    """
    known = list_presets()
    if name not in known:
        raise InputError(unknown("preset", name, known))
    return _FOLDER / f"{name}{_SUFFIX}"


def preset_text(name: str) -> str:
    """What `preset_file` says.

    Raises:
        InputError: If there is no such preset.
    """
    return preset_file(name).read_text(encoding="utf-8")
