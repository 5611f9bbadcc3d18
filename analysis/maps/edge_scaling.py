"""How the largest learning rate that trains moves with the size of a network or batch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError
from analysis.maps.edge_model import Edge, Law, Prediction, find_edge
from analysis.space.axes import entry, is_numeric

LEARNS = ("stable", "slow")
"""Verdicts below the edge."""

_BESIDE = 2.0
"""Trials of a further size go this far beyond the interval of its predicted edge."""


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """The largest size, predicted from all others.

    Attributes:
        predicted: From the others.
        measured: The edge of its own trials, with its interval.
        factor: The larger of the two edges by the smaller, >= 1.
        wrong: Whether the two intervals do not meet.
    """

    predicted: Prediction
    measured: Prediction
    factor: float
    wrong: bool


@dataclass(frozen=True, kw_only=True)
class EdgeScaling:
    """What `edge_scaling` found.

    Attributes:
        axis: Hyperparameter that grows.
        sizes: One row a size: `size`, `trials`, `learn`, `edge`, `low`, `high`; without an edge
            where none was bracketed: no trial that learns, or none above that fails.
        exponent: Of the power law, the median; NaN with fewer than two edges.
        low: Lower end of its interval of 95 %.
        high: Upper end.
        held_out: None with fewer than three edges.
    """

    axis: str
    sizes: pd.DataFrame
    exponent: float
    low: float
    high: float
    held_out: HeldOut | None
    _law: Law | None

    def predict(self, size: float) -> Prediction:
        """Predicts the edge at a size, trained or not.

        Raises:
            AnalysisError: If there are fewer than two edges, or the size is not above 0.
        """
        if self._law is None:
            raise AnalysisError(f"a prediction needs edges at two sizes of {self.axis}")
        if not size > 0:
            raise AnalysisError(f"`size > 0` must hold, but got {size}")
        return self._law.predict(size)


def edge_scaling(
    trials: pd.DataFrame, axis: str, *, learning_rate: str = "learning_rate"
) -> EdgeScaling:
    """Estimates how the largest learning rate at which networks learn moves with a size.

    The edge is where half of the trials of a size fail, whatever else varied in them: pass those
    of one setting for the edge there. Trials that are slow count as learning, as at a size that
    needs more steps all are.

    Args:
        trials: Trials table; `verdict`, the axis and the learning rate are read.
        axis: A number > 0: width, depth, batch_size.
        learning_rate: Column of the learning rate, > 0.

    Raises:
        AnalysisError: If a column is unknown or no number.
    """
    for name in (axis, learning_rate):
        entry(trials, name)
        if not is_numeric(trials[name]):
            raise AnalysisError(f"{name} must be a number, but holds names")
    rows, edges = [], []
    for size, mine in trials.groupby(axis):
        rates = np.log(mine[learning_rate].to_numpy(dtype=np.float64))
        learns = mine["verdict"].isin(LEARNS).to_numpy()
        found = find_edge(rates, learns)
        row = {"size": float(str(size)), "trials": len(mine), "learn": int(learns.sum())}
        if found is not None:
            at = found.at_size(row["size"])
            row |= {"edge": at.edge, "low": at.low, "high": at.high}
            edges.append((row["size"], found))
        rows.append(row)
    law = Law.of(edges) if len(edges) > 1 else None
    low, exponent, high = (math.nan,) * 3 if law is None else law.exponent
    return EdgeScaling(
        axis=axis,
        sizes=pd.DataFrame(rows, columns=["size", "trials", "learn", "edge", "low", "high"]),
        exponent=exponent,
        low=low,
        high=high,
        held_out=_held_out(edges) if len(edges) > 2 else None,
        _law=law,
    )


def edge_window(trials: pd.DataFrame, axis: str, size: float) -> tuple[float, float] | None:
    """Finds between which learning rates further trials at a size tell most of the edge there.

    Args:
        trials: Trials table; of this size, or of others.
        axis: Hyperparameter that grows.
        size: Of the further trials.

    Returns:
        Lowest and highest learning rate: the interval of the edge of this size's own trials, of
        its prediction where it has none, and a factor of 2 to either side. None where its own do
        not bracket one, or fewer than two other sizes have an edge.
    """
    if trials.empty or axis not in trials:
        return None
    found = edge_scaling(trials, axis)
    own = found.sizes[found.sizes["size"] == size]
    if len(own):
        low, high = own[["low", "high"]].iloc[0].tolist()
        return (low / _BESIDE, high * _BESIDE) if math.isfinite(low) else None
    if not math.isfinite(found.exponent):
        return None
    predicted = found.predict(size)
    return predicted.low / _BESIDE, predicted.high * _BESIDE


def _held_out(edges: list[tuple[float, Edge]]) -> HeldOut:
    size, own = edges[-1]
    predicted = Law.of(edges[:-1]).predict(size)
    measured = own.at_size(size)
    factor = max(predicted.edge / measured.edge, measured.edge / predicted.edge)
    apart = measured.low > predicted.high or measured.high < predicted.low
    return HeldOut(predicted=predicted, measured=measured, factor=factor, wrong=apart)
