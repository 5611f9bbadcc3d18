"""Hyperparameters of mixed kinds as numbers that rules and distances can work with."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.space.axes import choices, entry, is_log, is_numeric, varied
from analysis.space.cells import MAX_CATEGORIES

Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Coordinate:
    """One hyperparameter of N trials.

    Attributes:
        name: The hyperparameter.
        values: Its numbers [N], +inf where a limit is switched off; of names, their indices in
            `names`; NaN where the hyperparameter does not apply.
        names: The names that occur or that the study file lists, in its order; None for numbers.
        levels: The numbers that occur, ascending, where they are few or listed; else None.
        log: Whether ratios, rather than differences, are alike.
        whole: Whether all finite numbers are whole.
    """

    name: str
    values: Values
    names: tuple[str, ...] | None
    levels: Values | None
    log: bool
    whole: bool

    @property
    def ordered(self) -> bool:
        """Whether its values have an order, so that "at most" has a meaning."""
        return self.names is None

    def of(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Coordinate:
        """Returns the same coordinate of some of the trials."""
        return Coordinate(
            name=self.name,
            values=self.values[rows],
            names=self.names,
            levels=self.levels,
            log=self.log,
            whole=self.whole,
        )


def coordinates(trials: pd.DataFrame, names: Iterable[str] | None = None) -> list[Coordinate]:
    """Returns the hyperparameters that vary (or those named) as coordinates.

    Args:
        trials: Trials table; its attributes, where there are any, state choices and ranges.
        names: Hyperparameters; by default all with more than one value.

    Raises:
        AnalysisError: If the trials have no such hyperparameter.
    """
    return [_coordinate(trials, name) for name in (varied(trials) if names is None else names)]


def _coordinate(trials: pd.DataFrame, name: str) -> Coordinate:
    stated, column = entry(trials, name), trials[name]
    if not is_numeric(column):
        return _of_names(name, column, [str(choice) for choice in choices(trials, name)])
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    distinct = np.unique(values[~np.isnan(values)])
    finite = distinct[np.isfinite(distinct)]
    whole = bool(finite.size and np.all(finite == np.round(finite)))
    few = bool(choices(trials, name)) or (whole and finite.size <= MAX_CATEGORIES)
    return Coordinate(
        name=name,
        values=values,
        names=None,
        levels=distinct if few or finite.size <= 2 else None,
        log=bool(finite.size) and is_log(stated, float(finite[0]), float(finite[-1])),
        whole=whole,
    )


def _of_names(name: str, column: pd.Series, listed: list[str]) -> Coordinate:
    codes, distinct = pd.factorize(column)
    texts = [_text(value) for value in distinct]
    names = [*dict.fromkeys([*listed, *sorted(set(texts) - set(listed))])]
    # A last entry, for the code -1 of trials to which it does not apply.
    indices = np.array([names.index(text) for text in texts] + [math.nan])
    return Coordinate(
        name=name, values=indices[codes], names=tuple(names), levels=None, log=False, whole=True
    )


def _text(value: object) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    return str(value)
