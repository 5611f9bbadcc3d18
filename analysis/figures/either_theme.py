"""A theme for figures that are drawn once for both: its colours are names that a page fills in."""

from __future__ import annotations

import re
from typing import Literal

from analysis.figures.palette import LIGHT, ColorScale, Theme

_NAME = re.compile(r"var\(--([a-z]+)(?:-(at|ink|faint)-([0-9.e-]+))?\)")


class _Names(Theme):
    """A theme whose colours are names of colours: `var(--text)`, `var(--probability-at-0.25)`."""

    def progress_at(self, position: float) -> str:
        return f"var(--progress-at-{float(position)!r})"

    def ink_at(self, probability: float) -> str:
        return f"var(--probability-ink-{float(probability)!r})"

    def faint(self, name: str, opacity: float) -> str:
        return f"var(--{name}-faint-{opacity:g})"


def _named(scale: Literal["probability", "progress"]) -> ColorScale:
    return tuple(
        (position, f"var(--{scale}-at-{position:g})") for position, _ in getattr(LIGHT, scale)
    )


EITHER = _Names(
    name="either",
    text="var(--text)",
    muted="var(--muted)",
    grid="var(--grid)",
    paper="var(--paper)",
    bar="var(--bar)",
    probability=_named("probability"),
    progress=_named("progress"),
)
"""Plotly takes such names for colours, and keeps them."""


def colors_in(text: str, theme: Theme) -> dict[str, str]:
    """Returns the colour of each name that stands in a text, in a theme.

    Args:
        text: A figure that was drawn with `EITHER`, as JSON.
        theme: `LIGHT` or `DARK`.
    """
    return {match[0]: _color(match, theme) for match in _NAME.finditer(text)}


def _color(match: re.Match[str], theme: Theme) -> str:
    name, kind, number = match.groups()
    if kind is None:
        return str(getattr(theme, name))
    if kind == "faint":
        return theme.faint(name, float(number))
    return _on_scale(name, kind, float(number), theme)


def _on_scale(name: str, kind: str, position: float, theme: Theme) -> str:
    if kind == "ink":
        return theme.ink_at(position)
    return theme.progress_at(position) if name == "progress" else theme.probability_at(position)
