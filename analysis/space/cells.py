"""The values of a hyperparameter as a few ordered cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.labels import number_label
from analysis.space.axes import choices, entry, is_log, is_numeric
from study.tables.encoding import NO_LIMIT

MAX_CATEGORIES = 12
"""Up to so many whole numbers of a range are cells of their own."""

_BIN_LIMITS = (3, 12)


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Ordered cells of one hyperparameter, C of them, and the cell of each of N trials.

    Attributes:
        name: The hyperparameter.
        labels: C readable labels, all different.
        lows: Lower edges [C]; of a single number the number itself, NaN for names.
        highs: Upper edges [C], the same for a single number or a name; a value on an edge belongs
            to the cell above it.
        index: Cell of each trial [N]; -1 where the hyperparameter does not apply.
    """

    name: str
    labels: tuple[str, ...]
    lows: NDArray[np.float64]
    highs: NDArray[np.float64]
    index: NDArray[np.int64]


def ordered_labels(labels: Sequence[str], positions: NDArray[np.int64]) -> pd.Series:
    """Returns the labels at these positions, as a categorical that keeps their order."""
    dtype = pd.CategoricalDtype(list(labels), ordered=True)
    return pd.Series(pd.Categorical.from_codes(positions, dtype=dtype))


def cells(trials: pd.DataFrame, name: str, *, bins: int | None = None) -> Cells:
    """Divides a hyperparameter into ordered cells.

    Choices keep the order of the study file, unobserved ones included. Few whole numbers are
    cells of their own, ranges are bins of equal width (in the logarithm, for log ranges), and the
    absence of a limit (+inf) is a last cell "none".

    Args:
        trials: Trials table; its attributes, where there are any, state choices and ranges.
        name: A hyperparameter.
        bins: Bins of a range; by default few for few trials (3 for 10, 8 for 500, 12 for many).

    Raises:
        AnalysisError: If the trials have no such hyperparameter.
        ValueError: If `bins < 1`.
    """
    if bins is not None and bins < 1:
        raise ValueError(f"`bins >= 1` must hold, but got bins={bins}.")
    stated = entry(trials, name)
    column = trials[name]
    if not is_numeric(column):
        return _names(
            name, column.astype("str"), [str(choice) for choice in choices(trials, name)]
        )
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    listed = [float(str(choice)) for choice in choices(trials, name)]
    distinct = np.unique(values[np.isfinite(values)])
    whole = bool(np.all(distinct == np.round(distinct)))
    if listed or distinct.size <= 1 or (whole and distinct.size <= MAX_CATEGORIES):
        return _numbers(name, values, listed)
    low = min(_finite(stated.get("low"), distinct[0]), distinct[0])
    high = max(_finite(stated.get("high"), distinct[-1]), distinct[-1])
    log = is_log(stated, low, high)
    return _bins(name, values, _edges(low, high, log, whole, bins, len(trials)), whole)


def _names(name: str, values: pd.Series, listed: list[str]) -> Cells:
    codes, distinct = pd.factorize(values)
    labels = tuple(dict.fromkeys([*listed, *sorted(set(distinct) - set(listed))]))
    # A last entry for the code -1 of trials to which it does not apply.
    position = np.array([*(labels.index(value) for value in distinct), -1])
    index = position[codes]
    missing = np.full(len(labels), np.nan)
    return Cells(name=name, labels=labels, lows=missing, highs=missing, index=index)


def _numbers(name: str, values: NDArray[np.float64], listed: list[float]) -> Cells:
    others = sorted(set(values[~np.isnan(values)].tolist()) - set(listed))
    numbers = np.array(list(dict.fromkeys([*listed, *others])), dtype=np.float64)
    index = np.full(values.size, -1, dtype=np.int64)
    for position, number in enumerate(numbers):
        index[values == number] = position
    labels = _distinct_labels(numbers)
    return Cells(name=name, labels=labels, lows=numbers, highs=numbers, index=index)


def _bins(
    name: str, values: NDArray[np.float64], edges: NDArray[np.float64], whole: bool
) -> Cells:
    lows, highs = edges[:-1], edges[1:]
    texts = _distinct_labels(edges)
    labels = [f"{low}–{high}" for low, high in zip(texts[:-1], texts[1:], strict=True)]
    if whole:
        last = [*(edges[1:-1] - 1), edges[-1]]
        labels = [_span(int(low), int(high)) for low, high in zip(lows, last, strict=True)]
    bounded = np.isfinite(values)
    index = np.full(values.size, -1, dtype=np.int64)
    position = np.searchsorted(edges, values[bounded], side="right") - 1
    index[bounded] = np.clip(position, 0, lows.size - 1)
    if np.isposinf(values).any():
        index[np.isposinf(values)] = lows.size
        labels = [*labels, NO_LIMIT]
        lows, highs = np.append(lows, np.inf), np.append(highs, np.inf)
    return Cells(name=name, labels=tuple(labels), lows=lows, highs=highs, index=index)


def _edges(
    low: float, high: float, log: bool, whole: bool, bins: int | None, trials: int
) -> NDArray[np.float64]:
    number = bins or round(float(np.clip(math.sqrt(trials / 8), *_BIN_LIMITS)))
    if not log:
        edges = np.linspace(low, high, number + 1)
    else:
        decades = math.log10(high / low)
        if bins is None and decades > 0.99 and abs(decades - round(decades)) < 0.01:
            number = _bins_of_decades(round(decades), number)
        edges = np.geomspace(low, high, number + 1)
    edges[0], edges[-1] = low, high
    return np.unique(np.round(edges)) if whole else edges


def _bins_of_decades(decades: int, wanted: int) -> int:
    """Returns how many bins, near `wanted`, have edges on powers of ten."""
    candidates = [decades * parts for parts in (1, 2, 3)]
    candidates += [decades // parts for parts in (2, 3, 4) if decades % parts == 0]
    return min(candidates, key=lambda number: abs(math.log(number / wanted)))


def _distinct_labels(numbers: NDArray[np.float64]) -> tuple[str, ...]:
    for digits in range(2, 17):
        labels = tuple(number_label(number, digits=digits) for number in numbers)
        if len(set(labels)) == len(labels):
            return labels
    return tuple(repr(float(number)) for number in numbers)


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}–{high}"


def _finite(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else otherwise
