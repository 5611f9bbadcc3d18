"""The largest learning rate that trains at the recommended setting, by depth, from the model."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import stability
from analysis.report.findings.setting import recommended_setting
from analysis.space.axes import is_numeric, varied
from analysis.stability_model import StabilityModel

RATES = 121
DEPTHS = 7
"""Depths at most: those of the study's list, or evenly spaced ones."""

COLUMNS = ("depth", "largest", "low", "high", "probability")


def edge_by_depth(evidence: Evidence) -> pd.DataFrame:
    """Returns the edge at the recommended setting.

    Returns:
        One row a depth (one in all, NaN, where the depth does not vary): `largest`, the largest
        learning rate up to which, from the best one on, a trial is more probably stable than not;
        +inf where that goes beyond what was tried, NaN where no learning rate is; `low` and
        `high`, the same for the ends of the 95 % intervals; `probability` at the best learning
        rate. Empty without a model, or where the learning rate does not vary.
    """
    fitted, trials = evidence.of(stability), evidence.trials
    if fitted is None or "learning_rate" not in varied(trials):
        return pd.DataFrame(columns=list(COLUMNS))
    if not is_numeric(trials["learning_rate"]):
        return pd.DataFrame(columns=list(COLUMNS))
    tried = trials["learning_rate"].to_numpy(dtype=np.float64, na_value=np.nan)
    tried = tried[np.isfinite(tried) & (tried > 0)]
    rates = np.geomspace(tried.min(), tried.max(), RATES)
    setting = evidence.of(recommended_setting)
    rows = []
    for depth in _depths(trials):
        frame = pd.DataFrame([setting] * RATES).assign(learning_rate=rates)
        if depth is not None:
            frame["depth"] = depth
        rows.append({"depth": np.nan if depth is None else depth, **_edge(fitted, frame, rates)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _depths(trials: pd.DataFrame) -> list[float | None]:
    if "depth" not in varied(trials):
        return [None]
    values = np.unique(trials["depth"].dropna().to_numpy(dtype=np.float64))
    places = np.unique(np.linspace(0, len(values) - 1, DEPTHS).round().astype(int))
    return [float(values[place]) for place in places]


def _edge(fitted: StabilityModel, frame: pd.DataFrame, rates: np.ndarray) -> dict[str, float]:
    said = fitted.predict(frame)
    probability = said["stable"].to_numpy()
    best = int(probability.argmax())
    names = {"largest": "stable", "low": "stable_lower", "high": "stable_upper"}
    ends = {name: _last(said[column].to_numpy(), rates, best) for name, column in names.items()}
    return {**ends, "probability": float(probability[best])}


def _last(probability: np.ndarray, rates: np.ndarray, best: int) -> float:
    """Returns up to which rate it is at least 1/2 from the best one on, straight in between."""
    if probability[best] < 0.5:
        return float("nan")
    below = np.flatnonzero(probability[best:] < 0.5)
    if not len(below):
        return float("inf")
    after = best + int(below[0])
    here, there = probability[after - 1], probability[after]
    part = (here - 0.5) / (here - there)
    return float(rates[after - 1] * (rates[after] / rates[after - 1]) ** part)
