"""All that differs between two studies."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.comparison.edges import compare_importance, compare_learning_rates
from analysis.comparison.regions import compare_regions
from analysis.comparison.shares import (
    changed_pairs,
    compare_pairs,
    compare_verdicts,
    paired_trials,
)
from analysis.comparison.space import Shared, shared_space
from analysis.errors import AnalysisError
from analysis.importance.importance import telling_pairs
from analysis.space.design import uniform_trials
from analysis.trials.records import records
from analysis.trials.relabelling import changed_thresholds

MAPS = 3
"""So many maps of pairs of hyperparameters are compared."""

_BOUNDARY_BY = ("depth", "activation")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What changed from one study to another.

    Attributes:
        shared: What both have, and the trials that are compared.
        left_out: Trials of each study outside of what both have.
        differences: What else differs between the studies (task, network, steps of the metric),
            as (name, before, after).
        thresholds: Thresholds of the verdicts that differ, as `changed_thresholds`
            returns them.
        verdicts: Shares of the verdicts, as `compare_verdicts` returns them.
        pairs: The same trials in both, as `compare_pairs` returns them.
        changes: Verdicts of these that changed, as `changed_pairs` returns them.
        maps: Cells of the most telling pairs, as `compare_regions` returns them.
        learning_rates: As `compare_learning_rates` returns them; None unless both vary the
            learning rate.
        importance: As `compare_importance` returns it.
    """

    shared: Shared
    left_out: tuple[int, int]
    differences: list[tuple[str, str, str]]
    thresholds: pd.DataFrame
    verdicts: pd.DataFrame
    pairs: pd.DataFrame
    changes: pd.DataFrame
    maps: tuple[pd.DataFrame, ...]
    learning_rates: pd.DataFrame | None
    importance: pd.DataFrame


def compare_studies(before: pd.DataFrame, after: pd.DataFrame) -> Comparison:
    """Compares two studies over what they share, by their evenly placed trials.

    Args:
        before: Trials table.
        after: Trials table of another study.

    Raises:
        AnalysisError: If one has no trial, or they have no trial in what both could have.
    """
    for trials, which in ((before, "first"), (after, "second")):
        if trials.empty:
            raise AnalysisError(f"a comparison needs trials, but the {which} study has none")
    # Shares among trials that went to a boundary differ where the spaces do not.
    before, after = uniform_trials(before), uniform_trials(after)
    shared = shared_space(before, after)
    if shared.before.empty or shared.after.empty:
        raise AnalysisError(
            "the studies have no values in common to be compared over: "
            + "; ".join(
                f"{row['hyperparameter']} ({row['before']} before, {row['after']} after)"
                for row in records(shared.space[shared.space["status"] == "partly shared"])
            )
        )
    pairs = paired_trials(shared)
    return Comparison(
        shared=shared,
        left_out=(len(before) - len(shared.before), len(after) - len(shared.after)),
        differences=_differences(before, after),
        thresholds=changed_thresholds(before, after),
        verdicts=compare_verdicts(shared),
        pairs=compare_pairs(pairs),
        changes=changed_pairs(pairs),
        maps=_maps(shared),
        learning_rates=_learning_rates(shared),
        importance=compare_importance(shared),
    )


def _differences(before: pd.DataFrame, after: pd.DataFrame) -> list[tuple[str, str, str]]:
    names = ("task", "network", "task_options", "metric")
    stated = [
        (name.replace("_", " "), str(before.attrs.get(name)), str(after.attrs.get(name)))
        for name in names
    ]
    return [row for row in stated if row[1] != row[2]]


def _maps(shared: Shared) -> tuple[pd.DataFrame, ...]:
    names = shared.varied
    if len(names) < 2:
        return tuple(compare_regions(shared, name) for name in names)
    joint = shared.joint[["verdict", *names]]
    joint.attrs = shared.joint.attrs
    chosen = records(telling_pairs(joint, MAPS))
    return tuple(compare_regions(shared, *_oriented(row["x"], row["y"])) for row in chosen)


def _oriented(x: str, y: str) -> tuple[str, str]:
    return (y, x) if y == "learning_rate" else (x, y)


def _learning_rates(shared: Shared) -> pd.DataFrame | None:
    sides = (shared.before, shared.after)
    if "learning_rate" not in shared.common or any(
        trials["learning_rate"].nunique() < 2 for trials in sides
    ):
        return None
    by = [name for name in _BOUNDARY_BY if name in shared.varied]
    return compare_learning_rates(shared, by)
