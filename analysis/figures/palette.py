"""Colours of every figure: fixed for the verdicts, by theme for the rest; none needs red-green."""

from __future__ import annotations

from dataclasses import dataclass

VERDICT_COLORS: dict[str, str] = {
    # Okabe and Ito, Color universal design, 2008: distinct with every colour vision.
    "stable": "#009E73",
    "exploding": "#D55E00",
    "vanishing": "#0072B2",
    "oscillating": "#CC79A7",
    "slow": "#E69F00",
    "stalled": "#8A8D91",
}
"""The same in every figure and on both themes."""

ColorScale = tuple[tuple[float, str], ...]


@dataclass(frozen=True, kw_only=True)
class Theme:
    """Colours of a figure that depend on the page behind it.

    Attributes:
        name: "light" or "dark".
        text: Axis titles and labels.
        muted: Secondary labels, whiskers.
        grid: Grid lines.
        paper: What the page behind the (transparent) figure looks like.
        bar: Bars that are of no verdict.
        probability: From never stable, over even odds (near the paper), to always stable.
        progress: From the first recorded step to the last.
    """

    name: str
    text: str
    muted: str
    grid: str
    paper: str
    bar: str
    probability: ColorScale
    progress: ColorScale

    def progress_at(self, position: float) -> str:
        """Returns the colour of a recorded step, from the first at 0 to the last at 1."""
        return color_at(self.progress, position)

    def probability_at(self, probability: float) -> str:
        """Returns the colour of a probability of stable."""
        return color_at(self.probability, probability)

    def ink_at(self, probability: float) -> str:
        """Returns the colour of letters on the colour of this probability."""
        return ink_on(self.probability_at(probability))

    def faint(self, name: str, opacity: float) -> str:
        """Returns one of the colours, translucent."""
        return translucent(getattr(self, name), opacity)


MAGNITUDE: ColorScale = (
    # Cividis (Nunez, Anderton, Renslow 2018), which every colour vision orders alike.
    (0.0, "#00224e"),
    (0.125, "#123570"),
    (0.25, "#3b496c"),
    (0.375, "#575d6d"),
    (0.5, "#707173"),
    (0.625, "#8a8678"),
    (0.75, "#a59c74"),
    (0.875, "#c3b369"),
    (1.0, "#fee838"),
)
"""From the smallest to the largest; the same on both themes."""

LIGHT = Theme(
    name="light",
    text="#1f2933",
    muted="#616b75",
    grid="#e4e7eb",
    paper="#ffffff",
    bar="#2f6db3",
    # ColorBrewer BrBG: brown to blue-green, safe for colour-blind readers.
    probability=(
        (0.0, "#8c510a"),
        (0.25, "#d8b365"),
        (0.5, "#f3efe6"),
        (0.75, "#5ab4ac"),
        (1.0, "#01665e"),
    ),
    progress=((0.0, "#bccde0"), (0.5, "#5b8cc4"), (1.0, "#0b3c75")),
)

DARK = Theme(
    name="dark",
    text="#e6e8eb",
    muted="#9aa5b1",
    grid="#2c333b",
    paper="#14181d",
    bar="#6fa3da",
    probability=(
        (0.0, "#b5712c"),
        (0.25, "#76552c"),
        (0.5, "#333a41"),
        (0.75, "#2a756d"),
        (1.0, "#3fb8a8"),
    ),
    progress=((0.0, "#3a4c61"), (0.5, "#6fa3da"), (1.0, "#e3f0ff")),
)


def color_at(scale: ColorScale, position: float) -> str:
    """Returns the colour of a scale at a position in [0, 1], as #rrggbb."""
    position = min(max(position, 0.0), 1.0)
    for (low, first), (high, second) in zip(scale[:-1], scale[1:], strict=True):
        if position <= high:
            part = (position - low) / (high - low)
            mixed = [a + (b - a) * part for a, b in zip(_rgb(first), _rgb(second), strict=True)]
            return "#" + "".join(f"{round(value):02x}" for value in mixed)
    return scale[-1][1]


def ink_on(color: str) -> str:
    """Returns black or white, whichever reads better on the colour (WCAG 2.2 luminance)."""
    linear = [
        (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4)
        for v in (part / 255 for part in _rgb(color))
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#ffffff"


def translucent(color: str, opacity: float) -> str:
    """Returns the colour as rgba()."""
    red, green, blue = _rgb(color)
    return f"rgba({red},{green},{blue},{opacity:g})"


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
