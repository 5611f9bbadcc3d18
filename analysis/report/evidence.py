"""All that the report's sections show, worked out once from a study's tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.axes import entry, varied
from analysis.boundaries import largest_learning_rate
from analysis.cells import cells
from analysis.counts import verdict_counts
from analysis.importance import telling_hyperparameters, telling_pairs
from analysis.records import records
from analysis.regions import stability_regions
from analysis.tables import load_layers, load_steps, load_trials
from analysis.typical import typical_trials

PAIRS = 4
"""So many region maps are shown."""

BOUNDARY_BY = ("depth", "activation")
"""The learning rates that train are shown by these, as far as they vary."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a report is made of.

    Attributes:
        study: The study's name.
        trials: Trials table; its `attrs` are the study's metadata.
        counts: Trials by verdict.
        importance: How much each varied hyperparameter tells about stability.
        pairs: The most telling pairs.
        regions: One table of cells for each map.
        boundaries: Learning rates that train; None if the learning rate does not vary.
        typical: One trial of each verdict that occurs.
        typical_steps: Their rows of the steps table.
        typical_layers: Their rows of the layers table.
    """

    study: str
    trials: pd.DataFrame
    counts: pd.DataFrame
    importance: pd.DataFrame
    pairs: pd.DataFrame
    regions: tuple[pd.DataFrame, ...]
    boundaries: pd.DataFrame | None
    typical: pd.DataFrame
    typical_steps: pd.DataFrame
    typical_layers: pd.DataFrame

    @property
    def metadata(self) -> Mapping[str, object]:
        """What the tables say about their study."""
        return {str(key): value for key, value in self.trials.attrs.items()}


def gather(study: str | Path, *, home: str | Path | None = None) -> Evidence:
    """Loads a study and works out everything that its report shows.

    Raises:
        StudyNotFound: If there is no such study.
        AnalysisError: If it has no finished trial.
    """
    trials = load_trials(study, home=home)
    typical = typical_trials(trials)
    numbers = [int(number) for number in typical["trial"]]
    pairs = telling_pairs(trials, PAIRS)
    return Evidence(
        study=str(trials.attrs.get("study") or Path(study).name),
        trials=trials,
        counts=verdict_counts(trials),
        importance=telling_hyperparameters(trials),
        pairs=pairs,
        regions=_regions(trials, pairs),
        boundaries=_boundaries(trials),
        typical=typical,
        typical_steps=load_steps(study, home=home, trials=numbers),
        typical_layers=load_layers(study, home=home, trials=numbers),
    )


def _regions(trials: pd.DataFrame, pairs: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    if pairs.empty:
        return tuple(stability_regions(trials, name) for name in varied(trials))
    oriented = [_oriented(trials, row["x"], row["y"]) for row in records(pairs)]
    return tuple(stability_regions(trials, x, y) for x, y in oriented)


def _oriented(trials: pd.DataFrame, first: str, second: str) -> tuple[str, str]:
    """Ranges lie along the page, choices with long labels up it; the learning rate along."""

    def along(name: str) -> tuple[bool, bool, int]:
        longest = max(len(label) for label in cells(trials, name).labels)
        is_range = entry(trials, name).get("kind") == "range"
        return (name == "learning_rate", is_range, 0 if is_range else -longest)

    return (second, first) if along(second) > along(first) else (first, second)


def _boundaries(trials: pd.DataFrame) -> pd.DataFrame | None:
    axes = varied(trials)
    if "learning_rate" not in axes:
        return None
    by = [name for name in BOUNDARY_BY if name in axes]
    return largest_learning_rate(trials, by)
