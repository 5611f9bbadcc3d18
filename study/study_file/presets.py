"""Study files that come with gradscape, for `gradscape init`."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

from search_spaces.errors import InputError, unknown

_SUFFIX = ".yaml"


def list_presets() -> list[str]:
    """Names of the presets, sorted."""
    names = (each.name for each in _folder().iterdir())
    return sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))


def preset_text(name: str) -> str:
    """The commented study file of a preset.

    Raises:
        InputError: If there is no such preset.
    """
    known = list_presets()
    if name not in known:
        raise InputError(unknown("preset", name, known))
    return (_folder() / f"{name}{_SUFFIX}").read_text(encoding="utf-8")


def _folder() -> Traversable:
    return files("study") / "presets"
