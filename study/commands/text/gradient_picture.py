"""The gradient by layer as a small picture in the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from study.diagnosis import LayerGradient

ROWS = 16
"""Rows of the picture at most: what is said above it stays on the screen."""

BAR, NAME, NUMBER = 18, 26, 10
"""Characters of the longest bar, of a layer's name at most, and of a number."""

COLOURS = ("cyan", "magenta")
"""At initialization, and at the end."""


def picture(gradients: Sequence[LayerGradient], *, unicode: bool) -> list[Text]:
    """A heading and one row a layer, with a bar at initialization and one at the end.

    Args:
        gradients: Gradients by layer, at least one.
        unicode: Whether the terminal shows more than ASCII.
    """
    shown = thinned(gradients, ROWS)
    scale = _Scale([each for layer in gradients for each in (layer.initial, layer.final)])
    width = max(len(_name(layer)) for layer in shown)
    lines = [
        Text.assemble(
            f"{'':5}{'layer':{width}} ",
            (f"{'at initialization':{BAR + NUMBER + 2}}", COLOURS[0]),
            ("at the end", COLOURS[1]),
        )
    ]
    lines += [_row(layer, scale, width, "█" if unicode else "#") for layer in shown]
    if len(shown) < len(gradients):
        lines.append(Text(f"     {len(shown)} of {len(gradients)} rows, evenly spaced"))
    return lines


def thinned(gradients: Sequence[LayerGradient], most: int) -> list[LayerGradient]:
    """So many of them, evenly spaced, the first and the last among them."""
    if len(gradients) <= most:
        return list(gradients)
    step = (len(gradients) - 1) / (most - 1)
    return [gradients[round(number * step)] for number in range(most)]


class _Scale:
    """Lengths of bars on a logarithmic scale that all of them share."""

    def __init__(self, values: Sequence[float]) -> None:
        logs = [math.log10(value) for value in values if 0 < value < math.inf]
        self._low = min(logs, default=0.0)
        # Less than a decade is no difference that should fill the picture.
        self._span = max(max(logs, default=0.0) - self._low, 1.0)

    def length(self, value: float) -> int:
        if not 0 < value < math.inf:
            return 0
        return 1 + round((math.log10(value) - self._low) / self._span * (BAR - 1))


def _row(layer: LayerGradient, scale: _Scale, width: int, block: str) -> Text:
    row = Text(f"{layer.layer:4d} {_name(layer):{width}}")
    for value, colour in zip((layer.initial, layer.final), COLOURS, strict=True):
        row.append(f" {block * scale.length(value):{BAR}}", style=colour)
        row.append(f" {_number(value):<{NUMBER}}")
    row.rstrip()
    return row


def _name(layer: LayerGradient) -> str:
    parts = [layer.name, layer.call]
    if layer.role == "output" and layer.name != "output":
        parts.append("(output)")
    text = " ".join(part for part in parts if part)
    return text if len(text) <= NAME else f"{text[: NAME - 2]}.."


def _number(value: float) -> str:
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "not finite"
    return "zero" if value == 0 else f"{value:.1e}"
