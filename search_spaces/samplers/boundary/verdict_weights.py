"""Which verdicts' boundaries are mapped, and how much each counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

LEAST = 8
"""Trials of a verdict below which its boundary is not looked for by itself."""


def boundary_weights(
    labels: Sequence[Hashable | None], stable: Hashable, stable_weight: float
) -> dict[Hashable, float]:
    """Returns the verdicts whose boundaries are mapped, and how much each counts.

    Of two verdicts one boundary is all there is. The boundary of stable has the weight that is
    passed, the others share the rest evenly; without stable all are equal.

    Args:
        labels: Labels of the known trials; None counts for nothing.
        stable: The verdict that matters most.
        stable_weight: Weight of its boundary, 0 to 1.

    Returns:
        Weights > 0 by verdict; empty while all trials agree.
    """
    counts = Counter(label for label in labels if label is not None)
    if len(counts) < 2:
        return {}
    often = [label for label in sorted(counts, key=repr) if counts[label] >= LEAST]
    if stable not in counts:
        chosen = often or [min(counts, key=lambda label: (counts[label], repr(label)))]
        return dict.fromkeys(chosen[: 1 if len(counts) == 2 else None], 1.0)
    rest = [label for label in often if label != stable]
    if len(counts) == 2 or not rest:
        return {stable: 1.0}
    return {stable: stable_weight} | dict.fromkeys(rest, (1.0 - stable_weight) / len(rest))
