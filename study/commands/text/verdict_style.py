"""Verdicts on the terminal: fixed order, fixed colours."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text

COLOURS = {
    "stable": "green",
    "exploding": "red",
    "vanishing": "blue",
    "oscillating": "magenta",
    "slow": "cyan",
    "stalled": "yellow",
}
"""In the order in which they are always listed."""


def verdict_text(counts: Mapping[str, int]) -> Text:
    """Counts by verdict in one line, those without trials left out."""
    parts = [
        Text(f"{counts[name]} {name}", style=colour)
        for name, colour in COLOURS.items()
        if counts.get(name)
    ]
    return Text("  ").join(parts)
