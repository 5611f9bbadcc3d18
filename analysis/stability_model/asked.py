"""Configurations that are asked about: checked against the trials, gaps filled from the space."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import qmc

from analysis.errors import AnalysisError
from analysis.space.axes import is_numeric
from analysis.space.coordinates import coordinates
from analysis.space.owners import dependents
from analysis.stability_model.columns import (
    check_names,
    columns_of,
    key_text,
    value_text,
)
from search_spaces.stability_classifier import Axis, Encoder
from study.tables.schema import TRIAL_FIGURES, TRIAL_IDENTITY, TRIAL_LABELS

Floats = NDArray[np.float64]

NODES = 512
"""Configurations that an average over what is not given is taken over."""

_OTHER_COLUMNS = {column.name for column in (*TRIAL_IDENTITY, *TRIAL_LABELS, *TRIAL_FIGURES)}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Configurations, ready for the model.

    Attributes:
        columns: Of each [N, D]; those of a row that is averaged say nothing.
        averaged: By row the columns [Q, D] of the configurations that it is the mean of.
    """

    columns: Floats
    averaged: Mapping[int, Floats]


@dataclass(frozen=True)
class Applying:
    """Which hyperparameters apply, as the trials show it.

    Attributes:
        lacking: By owner and text of its value the hyperparameters that no such trial has.
        having: The same, those that such trials have though others lack them.
    """

    lacking: Mapping[tuple[str, str], frozenset[str]]
    having: Mapping[tuple[str, str], frozenset[str]]


def applying_of(trials: pd.DataFrame, encoder: Encoder) -> Applying:
    """Learns from the trials which hyperparameters exist only for some values of another."""
    known = coordinates(trials, [axis.name for axis in encoder.axes])
    lacking: dict[tuple[str, str], frozenset[str]] = {}
    having: dict[tuple[str, str], frozenset[str]] = {}
    for owner, names in dependents(known).items():
        for value, some in trials.groupby(owner, observed=True) if names else ():
            lacks = frozenset(name for name in names if some[name].isna().all())
            lacking[owner, key_text(value)] = lacks
            having[owner, key_text(value)] = frozenset(names) - lacks
    return Applying(lacking, having)


def asked_of(frame: pd.DataFrame, trials: pd.DataFrame, encoder: Encoder) -> Asked:
    """Checks configurations and fills what they leave out.

    Raises:
        AnalysisError: If a name or a value is not known, or what is the same in all trials is to
            have another value.
    """
    asked = [str(name) for name in frame.columns if name not in _OTHER_COLUMNS]
    check_names(asked, trials)
    axes = [axis.name for axis in encoder.axes]
    _check_fixed(frame[[name for name in asked if name not in axes]], trials)
    applying = applying_of(trials, encoder)
    given = pd.DataFrame(
        {name: frame[name] if name in asked else None for name in axes}, index=frame.index
    ).reset_index(drop=True)
    absent, gaps = _absent_and_gaps(given, encoder, applying)
    given = given.mask(absent)
    columns = columns_of(given, encoder)
    averaged = {}
    space = space_nodes(trials, encoder) if gaps.any(axis=None) else given
    for row in np.flatnonzero(gaps.any(axis=1)):
        fixed = {name: given[name].iloc[row] for name in axes if not gaps[name].iloc[row]}
        averaged[int(row)] = columns_of(placed_at(space, fixed, applying), encoder)
    return Asked(columns=columns, averaged=averaged)


def _absent_and_gaps(
    given: pd.DataFrame, encoder: Encoder, applying: Applying
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns where a hyperparameter does not apply, and where a value is wanting."""
    optional = {axis.name for axis in encoder.axes if axis.optional}
    absent, gaps = absent_in(given, applying), given.isna()
    for name in optional:
        owners = {owner for (owner, _), names in applying.having.items() if name in names}
        if not owners:
            # No owner is known, so that a missing value is one that does not apply.
            gaps[name] = False
    return absent, gaps & ~absent


def space_nodes(trials: pd.DataFrame, encoder: Encoder, count: int = NODES) -> pd.DataFrame:
    """Spreads configurations evenly over the space (Sobol points), as a uniform sampler would.

    Args:
        trials: Their study file's lists and ranges are the space.
        encoder: Of the hyperparameters.
        count: Number of configurations, a power of two.
    """
    points = qmc.Sobol(len(encoder.axes), scramble=True, rng=np.random.default_rng(0))
    columns = {}
    for axis, place in zip(encoder.axes, points.random(count).T, strict=True):
        levels = [*listed_numbers(trials, axis), *axis.names]
        if levels:
            index = np.minimum((place * len(levels)).astype(int), len(levels) - 1)
            columns[axis.name] = pd.Series(levels, dtype=object).iloc[index].to_numpy()
        else:
            ends = np.log(axis.knots) if axis.log else np.array(axis.knots)
            even = ends[0] + (ends[-1] - ends[0]) * place
            columns[axis.name] = np.exp(even) if axis.log else even
    return pd.DataFrame(columns)


def space_configurations(trials: pd.DataFrame, encoder: Encoder, count: int) -> pd.DataFrame:
    """Spreads configurations evenly over the space, each with what applies to it."""
    nodes = space_nodes(trials, encoder, count)
    return nodes.mask(absent_in(nodes, applying_of(trials, encoder)))


def listed_numbers(trials: pd.DataFrame, axis: Axis) -> list[float]:
    """Returns the numbers of a list; none for a range."""
    coordinate = coordinates(trials, [axis.name])[0]
    is_list = len(axis.knots) > 2 or coordinate.levels is not None
    return list(axis.knots) if is_list else []


def placed_at(
    space: pd.DataFrame, fixed: Mapping[str, object], applying: Applying
) -> pd.DataFrame:
    """Returns configurations spread over the space, with the fixed values put in."""
    nodes = space.copy()
    for name, value in fixed.items():
        if name in nodes.columns:
            nodes[name] = np.full(len(space), value, dtype=object)
    return nodes.mask(absent_in(nodes, applying))


def absent_in(frame: pd.DataFrame, applying: Applying) -> pd.DataFrame:
    """Returns where a hyperparameter does not apply, by the values of its owner."""
    absent = pd.DataFrame(False, index=frame.index, columns=frame.columns)
    texts = {owner: frame[owner].map(key_text) for owner in {o for o, _ in applying.lacking}}
    for (owner, value), lacks in applying.lacking.items():
        for name in lacks:
            absent[name] |= texts[owner] == value
    return absent


def _check_fixed(frame: pd.DataFrame, trials: pd.DataFrame) -> None:
    for name in frame.columns:
        known = {key_text(value) for value in trials[name].dropna().unique()} or {""}
        for value in frame[name].dropna().unique():
            if key_text(value) not in known:
                only = value_text(trials[name].dropna().iloc[0]) if known != {""} else "absent"
                raise AnalysisError(
                    f"{name} is {only} in every trial: nothing is known of "
                    f"{name}={value_text(value)}"
                )


def outside(frame: pd.DataFrame, trials: pd.DataFrame, encoder: Encoder) -> list[list[str]]:
    """Says of each configuration in which hyperparameters it lies outside of what was tried.

    Returns:
        For each row sentences such as "learning_rate 50 is above all trials (at most 9.8)".
    """
    found: list[list[str]] = [[] for _ in range(len(frame))]
    for axis in encoder.axes:
        if axis.name not in frame.columns or not is_numeric(trials[axis.name]):
            continue
        tried = trials[axis.name].to_numpy(dtype=np.float64, na_value=np.nan)
        tried = tried[np.isfinite(tried)]
        ends = (min(tried.min(), *axis.knots[:1]), max(tried.max(), *axis.knots[-1:]))
        for row, value in enumerate(frame[axis.name]):
            number = _finite(value)
            if number is None or ends[0] <= number <= ends[1]:
                continue
            side, end = ("below", ends[0]) if number < ends[0] else ("above", ends[1])
            limit = "at least" if side == "below" else "at most"
            found[row].append(
                f"{axis.name} {value_text(number)} is {side} all trials ({limit} {end:.4g})"
            )
    return found


def _finite(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
