"""What more than one section shows; each is asked for as `evidence.of(finding)`."""

from __future__ import annotations

import pandas as pd

from analysis.errors import AnalysisError
from analysis.importance.importance import telling_hyperparameters, telling_pairs
from analysis.importance.sensitivity import learning_rate_sensitivity
from analysis.maps.boundaries import largest_learning_rate
from analysis.maps.learning_rate_limits import learning_rate_limits
from analysis.maps.regions import stability_regions
from analysis.report.findings.evidence import Evidence
from analysis.space.axes import entry, is_numeric, varied
from analysis.space.cells import cells
from analysis.space.design import sampled_trials, uniform_trials
from analysis.stability_model import StabilityModel, stability_model
from analysis.trials.counts import cause_counts, verdict_counts
from analysis.trials.records import records

PAIRS = 4
"""So many region maps are shown."""

BOUNDARY_BY = ("depth", "activation")
"""The learning rates that train are shown by these, as far as they vary."""


def counts(evidence: Evidence) -> pd.DataFrame:
    """Counts the sampler's trials by verdict."""
    return verdict_counts(sampled_trials(evidence.trials))


def causes(evidence: Evidence) -> pd.DataFrame:
    """Counts failed trials by verdict and cause."""
    return cause_counts(sampled_trials(evidence.trials))


def uniform(evidence: Evidence) -> pd.DataFrame:
    """Returns the trials that shares of the space may be taken from."""
    return uniform_trials(evidence.trials)


def stability(evidence: Evidence) -> StabilityModel | None:
    """Fits the model of the whole space; None where there are too few trials for one."""
    try:
        return stability_model(evidence.trials)
    except AnalysisError:
        return None


def averaging(evidence: Evidence) -> StabilityModel | None:
    """Returns the model if averages over the space are to come from it.

    Of a boundary study few trials stand for the space: there the model knows more. Of an even
    study smoothing is as good, and cheaper.
    """
    even = len(evidence.of(uniform)) == len(sampled_trials(evidence.trials))
    return None if even else evidence.of(stability)


def importance(evidence: Evidence) -> pd.DataFrame:
    """Measures how much each varied hyperparameter says about stability."""
    return telling_hyperparameters(evidence.of(uniform))


def pairs(evidence: Evidence) -> pd.DataFrame:
    """Returns the most telling pairs."""
    return telling_pairs(evidence.of(uniform), PAIRS)


def regions(evidence: Evidence) -> tuple[pd.DataFrame, ...]:
    """Returns one table of cells for each map."""
    trials, chosen = evidence.of(uniform), evidence.of(pairs)
    asked: list[tuple[str, str | None]] = list(evidence.maps)
    if not asked and chosen.empty:
        asked = [(name, None) for name in varied(trials)]
    elif not asked:
        asked = [_oriented(trials, row["x"], row["y"]) for row in records(chosen)]
    return tuple(stability_regions(trials, x, y, where=evidence.where) for x, y in asked)


def boundaries(evidence: Evidence) -> pd.DataFrame | None:
    """Computes limits of the learning rate and sensitivity to it; None if it is fixed."""
    trials = evidence.of(uniform)
    if "learning_rate" not in varied(trials) or not is_numeric(trials["learning_rate"]):
        return None
    limits = learning_rate_limits(trials, model=evidence.of(averaging))
    table = limits.merge(learning_rate_sensitivity(trials), on=["by", "value"], how="left")
    table.attrs = limits.attrs
    return table


def windows(evidence: Evidence) -> pd.DataFrame | None:
    """Computes the learning rates that trained; None if the learning rate does not vary."""
    trials = evidence.of(uniform)
    axes = varied(trials)
    if "learning_rate" not in axes:
        return None
    by = [name for name in BOUNDARY_BY if name in axes]
    return largest_learning_rate(trials, by)


def _oriented(trials: pd.DataFrame, first: str, second: str) -> tuple[str, str]:
    """Puts ranges along the page, choices with long labels up it, the learning rate along."""

    def along(name: str) -> tuple[bool, bool, int]:
        longest = max(len(label) for label in cells(trials, name).labels)
        is_range = entry(trials, name).get("kind") == "range"
        return (name == "learning_rate", is_range, 0 if is_range else -longest)

    return (second, first) if along(second) > along(first) else (first, second)
