"""Which verdicts' boundaries are mapped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

LEAST = 8
"""Trials of a verdict below which its boundary is not looked for by itself."""


def mapped_verdicts(labels: Sequence[Hashable | None], stable: Hashable) -> list[Hashable]:
    """Returns the verdicts whose boundaries with all others are mapped.

    That of stable alone, if it occurs; else all that occur often enough, all alike. Of two
    verdicts one boundary is all there is.

    Args:
        labels: Labels of the known trials; None counts for nothing.
        stable: The verdict that matters most.

    Returns:
        Empty while all trials agree.
    """
    counts = Counter(label for label in labels if label is not None)
    if len(counts) < 2:
        return []
    if stable in counts:
        return [stable]
    often = [label for label in sorted(counts, key=repr) if counts[label] >= LEAST]
    chosen = often or [min(counts, key=lambda label: (counts[label], repr(label)))]
    return chosen[: 1 if len(counts) == 2 else None]
