"""What trials held out of the search say of boxes, and which boxes are worth showing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.labels import count_label, percent
from analysis.safe_regions.box import Box
from analysis.space.coordinates import Coordinate
from analysis.stats.intervals import exact_lower_bound

LEAST_PURITY = 0.5
"""A box is safe if trials in it are stable at least half of the time, with confidence."""

NEARLY_AS_SURE = 0.05
"""Of boxes whose bounds differ by less, the larger one is the better advice."""

Row = dict[str, Any]


def measured(
    boxes: Sequence[Box],
    known: Sequence[Coordinate],
    stable: NDArray[np.bool_],
    group: NDArray[np.int64],
    *,
    confidence: float,
) -> list[Row]:
    """Measures boxes on trials held out: the rows of `safe_regions`, of boxes that hold any trial.

    Args:
        boxes: Found without these trials.
        known: Coordinates of the trials held out, N of them.
        stable: Which of them were stable [N].
        group: Configuration of each of them [N].
        confidence: Probability that all bounds hold together, one-sided, in (0, 1).
    """
    first = np.zeros(len(stable), dtype=bool)
    first[np.unique(group, return_index=True)[1]] = True
    # Bonferroni: each of B bounds may fail with probability (1 - confidence) / B.
    each = 1 - (1 - confidence) / max(1, len(boxes))
    rows = []
    for box in boxes:
        inside = box.holds(known, len(stable))
        trials, good = int(inside.sum()), int((inside & stable).sum())
        if not trials:
            continue
        # Seeds of one configuration are not independent: the bound rests on one trial of each.
        firsts = int((inside & first).sum()), int((inside & first & stable).sum())
        bound = float(exact_lower_bound(firsts[1], firsts[0], confidence=each))
        rows.append(
            {
                "box": str(box),
                "trials": trials,
                "stable": good,
                "purity": good / trials,
                # The first seeds may flatter; what all of them say is not exceeded.
                "low": min(bound, good / trials),
                "coverage": good / max(1, int(stable.sum())),
                "share": trials / len(stable),
                "conditions": len(box.conditions),
                "where": box.to_json(),
            }
        )
    return rows


def worth_showing(rows: Sequence[Row], stable_share: float) -> tuple[list[Row], str]:
    """Picks the boxes that are reliably safe and say something, the one to recommend first.

    Args:
        rows: What `measured` returned.
        stable_share: Share of stable trials among all: a box no purer than that says nothing.

    Returns:
        Their rows, and "" or, if there are none, the reason in a sentence.
    """
    kept = [
        row for row in rows if row["low"] >= LEAST_PURITY and row["purity"] > stable_share + 1e-9
    ]
    if kept:
        highest = max(row["low"] for row in kept)
        kept.sort(key=lambda row: (row["low"] < highest - NEARLY_AS_SURE, -row["coverage"]))
        return kept, ""
    if not rows:
        return [], "No box of hyperparameters held more stable trials than the rest."
    return [], _not_sure(max(rows, key=lambda row: row["low"]))


def _not_sure(best: Mapping[str, Any]) -> str:
    held = count_label(best["trials"], "trial")
    was = "was" if best["stable"] == 1 else "were"
    return (
        f"No box is reliably safe. The best one is {best['box']}: of {held} held out in "
        f"it, {best['stable']} {was} stable, so that its purity may be as low as "
        f"{percent(best['low'])}. More trials would decide it."
    )
