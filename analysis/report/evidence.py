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
from analysis.errors import AnalysisError
from analysis.flags import flag_counts
from analysis.importance import telling_hyperparameters, telling_pairs
from analysis.published_rules import rule_agreement, rule_kappa
from analysis.records import records
from analysis.regions import stability_regions
from analysis.relabelling import Relabelling, relabelling
from analysis.tables import load_layers, load_steps, load_trials
from analysis.theory import (
    largest_disagreements,
    learning_rate_agreement,
    regime_agreement,
    theory_agreement,
)
from analysis.typical import typical_trials

PAIRS = 4
"""So many region maps are shown."""

BOUNDARY_BY = ("depth", "activation")
"""The learning rates that train are shown by these, as far as they vary."""

LIMIT_EDGES = (0.1, 1.0, 6.0)
"""Learning rates over theory's limit are shown by these; up to about 6 a ReLU network may still
catapult (Lewkowycz et al. 2020)."""


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Theory against observation; each as the function of the same name has it.

    Attributes:
        regimes: `regime_agreement`.
        overall: `theory_agreement` of all trials, at most one row.
        groups: `theory_agreement` by activation and initialization, as far as they vary.
        learning_rates: `learning_rate_agreement` with `LIMIT_EDGES`.
        disagreements: `largest_disagreements`.
        silent: Number of trials of which neither regime nor ratio is predicted.
    """

    regimes: pd.DataFrame
    overall: pd.DataFrame
    groups: pd.DataFrame
    learning_rates: pd.DataFrame
    disagreements: pd.DataFrame
    silent: int

    @property
    def any(self) -> bool:
        """Whether theory says anything about any trial."""
        return bool(len(self.overall) or self.learning_rates["trials"].sum())


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
        flags: Trials by flag and verdict.
        rules: Published rules against verdicts.
        kappa: Agreement of the rules with each other.
        predictions: Theory against observation.
        relabelled: What changed, if the trials were labelled anew; else None.
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
    flags: pd.DataFrame
    rules: pd.DataFrame
    kappa: pd.DataFrame
    predictions: Predictions
    relabelled: Relabelling | None

    @property
    def metadata(self) -> Mapping[str, object]:
        """What the tables say about their study."""
        return {str(key): value for key, value in self.trials.attrs.items()}


def gather(
    study: str | Path, *, home: str | Path | None = None, trials: pd.DataFrame | None = None
) -> Evidence:
    """Loads a study and works out everything that its report shows.

    Args:
        study: Name or folder of the study.
        home: The home folder.
        trials: Trials of the study labelled anew, instead of those that are stored.

    Raises:
        StudyNotFound: If there is no such study.
        AnalysisError: If it has no finished trial, or `trials` has none or others.
    """
    stored = load_trials(study, home=home)
    relabelled = None if trials is None else relabelling(stored, trials)
    trials = stored if trials is None else trials
    if trials.empty:
        raise AnalysisError("a report needs trials, but the table that was given has none")
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
        flags=flag_counts(trials),
        rules=rule_agreement(trials),
        kappa=rule_kappa(trials),
        predictions=_predictions(trials),
        relabelled=relabelled,
    )


def _predictions(trials: pd.DataFrame) -> Predictions:
    predicted = trials.reindex(columns=["predicted_regime", "predicted_ratio"])
    return Predictions(
        regimes=regime_agreement(trials),
        overall=theory_agreement(trials, ()),
        groups=theory_agreement(trials),
        learning_rates=learning_rate_agreement(trials, LIMIT_EDGES),
        disagreements=largest_disagreements(trials),
        silent=int(predicted.isna().all(axis=1).sum()),
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
