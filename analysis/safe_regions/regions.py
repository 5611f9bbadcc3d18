"""Boxes of the search space in which trials are stable, and with which bound.

1. Configurations are split in two: one part searches, the other only measures.
2. Boxes are grown one after another in the searching part (`search.trajectory`), and the best of
   each trajectory is chosen and simplified (`choosing.best_box`).
3. The other part gives each chosen box its bound (`measuring.measured`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.labels import count_label
from analysis.safe_regions.box import Box
from analysis.safe_regions.choosing import Judge, best_box
from analysis.safe_regions.measuring import Row, measured, worth_showing
from analysis.safe_regions.search import sliced, trajectory
from analysis.safe_regions.unseen import only_seen, with_conditions
from analysis.space.axes import varied
from analysis.space.configurations import configuration_codes
from analysis.space.coordinates import Coordinate, coordinates
from analysis.space.design import uniform_trials
from analysis.stats.intervals import CONFIDENCE
from analysis.trials.counts import check_verdicts

TARGET = 0.95
"""Purity beyond which a box is rather large than purer."""

MIN_CONFIGURATIONS = 20
"""With fewer, one half cannot show what the other one suggests."""

SEARCHED = 20_000
"""Trials among which boxes are grown; more do not move a face by a readable amount."""

JUDGED = 100_000
"""Trials of the search half by which boxes are chosen."""

_ADDS = 0.1
"""Share of all stable trials that a further box must add to those before."""

_COLUMNS = {
    "box": "str",
    "trials": "int64",
    "stable": "int64",
    "purity": "float64",
    "low": "float64",
    "coverage": "float64",
    "share": "float64",
    "conditions": "int64",
    "where": "str",
}

Rows = NDArray[np.int64]


def safe_regions(
    trials: pd.DataFrame,
    *,
    target: float = TARGET,
    boxes: int | None = None,
    confidence: float = CONFIDENCE,
    held_out: float = 0.5,
    seed: int = 0,
) -> pd.DataFrame:
    """Finds boxes of hyperparameters in which trials are stable, each with a bound that it keeps.

    The configurations are split at random, all seeds of one on the same side. Boxes are grown,
    chosen, simplified and rounded on one part; the other one only measures those that were
    chosen. Bounds are Clopper and Pearson's, at a confidence that makes all of them hold at once.
    Where configurations have several seeds, the bound rests on one trial of each: seeds of one
    configuration are not independent. Trials that a sampler placed at the boundary are left out:
    they would say how often trials there are stable.

    Args:
        trials: Trials table; `configuration` and `design` are used where they are there.
        target: A purity beyond which a larger box is preferred to a purer one.
        boxes: Boxes at most; by default 1 to 3, by the number of configurations.
        confidence: Probability that all bounds hold together, one-sided, in (0, 1).
        held_out: Share of the configurations that measure, in (0, 1).
        seed: Seeds the split, and the sample of searched trials where there are many, >= 0.

    Returns:
        The recommended box first: `box` in words; of the trials held out the number `trials`
        inside, how many were `stable`, their share `purity`, and `low`, the bound on the purity
        of fresh trials drawn as the study draws them; `coverage`, the share of the held out
        stable trials that lie inside, and `share`, that of all trials held out; the number of
        `conditions`, and `where`, the box as JSON (`Box.from_dict(json.loads(...))`).
        `attrs`: `reason` why there is none ("" if there is one), trials `searched` and
        `held_out`, boxes `measured`, `confidence`, `target` and `stable_share`.

    Raises:
        AnalysisError: If a verdict is unknown.
        ValueError: If `0 < held_out < 1` or `0 < target < 1` does not hold.

    References:
        Friedman, Fisher, Bump hunting in high-dimensional data, Statistics and Computing 1999.
        Clopper, Pearson, The use of confidence or fiducial limits, Biometrika 1934.
    """
    _check_shares(held_out, target)
    trials = uniform_trials(trials)
    check_verdicts(trials)
    stable = (trials["verdict"] == "stable").to_numpy()
    group = configuration_codes(trials)
    number = int(group.max()) + 1 if group.size else 0
    attrs: dict[str, object] = {"target": target, "confidence": confidence, "measured": 0}
    attrs["stable_share"] = float(stable.mean()) if stable.size else math.nan
    attrs |= {"searched": 0, "held_out": 0}
    if reason := _hopeless(stable, number, varied(trials)):
        return _frame([], attrs | {"reason": reason})
    rng = np.random.default_rng(seed)
    search, measure = _split(group, number, held_out, rng)
    most = boxes or (1 if number < 200 else 2 if number < 1000 else 3)
    known = coordinates(trials)
    chosen = _searched(
        known,
        stable,
        search,
        rng=rng,
        most=most,
        measuring=len(measure),
        confidence=1 - (1 - confidence) / most,
        target=target,
    )
    chosen = _without_unseen(chosen, trials, known)
    held = [each.of(measure) for each in known]
    rows = measured(chosen, held, stable[measure], group[measure], confidence=confidence)
    kept, reason = worth_showing(rows, float(stable.mean()))
    attrs |= {"searched": len(search), "held_out": len(measure), "measured": len(chosen)}
    return _frame(kept, attrs | {"reason": reason})


def _check_shares(held_out: float, target: float) -> None:
    if not (0 < held_out < 1 and 0 < target < 1):
        raise ValueError(
            f"`0 < held_out < 1` and `0 < target < 1` must hold, but got held_out={held_out}, "
            f"target={target}."
        )


def _split(
    group: Rows, configurations: int, held_out: float, rng: np.random.Generator
) -> tuple[Rows, Rows]:
    """Returns the rows that search and those that measure, each configuration on one side."""
    measures = rng.permutation(configurations) < round(held_out * configurations)
    return np.flatnonzero(~measures[group]), np.flatnonzero(measures[group])


def _without_unseen(
    boxes: Sequence[Box], trials: pd.DataFrame, known: Sequence[Coordinate]
) -> list[Box]:
    """Returns the boxes, each once, without the names that no trial had."""
    forced, order = only_seen(trials), [each.name for each in known]
    return list(dict.fromkeys(with_conditions(box, forced, order) for box in boxes))


def _hopeless(stable: NDArray[np.bool_], configurations: int, names: Sequence[str]) -> str:
    """Says why there is no point in a search; "" if there is one."""
    if not stable.size:
        return "There are no trials."
    if not stable.any():
        return "No trial was stable, so that no part of what was searched is known to be safe."
    if stable.all():
        return (
            "Every trial was stable, so that nothing here shows where the safe region ends; "
            "widen the ranges to find its edge."
        )
    if not names:
        return "No hyperparameter varied, so that there is no region to describe."
    if configurations < MIN_CONFIGURATIONS:
        return (
            f"{count_label(configurations, 'configuration')} are too few to find a region with "
            f"one part and measure it with the other; it takes at least {MIN_CONFIGURATIONS}."
        )
    return ""


def _some(rows: Rows, most: int, rng: np.random.Generator) -> Rows:
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


def _searched(
    known: Sequence[Coordinate],
    stable: NDArray[np.bool_],
    search: Rows,
    *,
    rng: np.random.Generator,
    most: int,
    measuring: int,
    confidence: float,
    target: float,
) -> list[Box]:
    """Grows boxes one after another, each from the trials that those before do not cover.

    Args:
        known: Coordinates of all trials.
        stable: Which of them were stable [N].
        search: Rows of those that search.
        rng: Chooses among them where there are many.
        most: Boxes at most, >= 1.
        measuring: Number of trials that will measure.
        confidence: One-sided, of each box's bound.
        target: Purity beyond which a larger box is preferred to a purer one.
    """
    judges = _some(search, JUDGED, rng)
    known, stable = [each.of(judges) for each in known], stable[judges]
    grown = _some(np.arange(len(stable)), SEARCHED, rng)
    axes = [sliced(each.of(grown)) for each in known]
    fresh = np.ones(len(stable), dtype=bool)
    boxes: list[Box] = []
    for _ in range(most):
        left = fresh[grown]
        share = stable[grown][left].mean() if left.any() else 0.0
        if share in (0.0, 1.0):
            break
        judge = Judge(
            known=known,
            stable=stable,
            fresh=fresh,
            measured=measuring / len(judges),
            confidence=confidence,
            target=target,
        )
        box = best_box(trajectory(axes, stable[grown], left), judge)
        if box is None or judge.score(box)[1] < _ADDS * stable.sum():
            break
        boxes.append(box)
        fresh = fresh & ~box.holds(known, len(stable))
    return boxes


def _frame(rows: list[Row], attrs: dict[str, object]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)
    frame.attrs.update(attrs)
    return frame
