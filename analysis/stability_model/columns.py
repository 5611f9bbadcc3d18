"""Hyperparameters of a trials table, or of configurations that are asked about, as columns."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import AnalysisError, nearest_first, unknown_column
from analysis.space.axes import choices, entry, hyperparameters, is_log, is_numeric, varied
from search_spaces.stability_classifier import Axis, Encoder
from search_spaces.stability_classifier.axes import NO_NAME
from study.tables.encoding import NO_LIMIT

Floats = NDArray[np.float64]
Values = tuple[Floats, NDArray[np.int64]]


def encoder_of(trials: pd.DataFrame) -> Encoder:
    """Returns the columns of all hyperparameters that vary, or that the study file varies."""
    moving = set(varied(trials))
    names = [
        name
        for name in hyperparameters(trials)
        if name in moving or entry(trials, name).get("kind") in ("choice", "range")
    ]
    axes = [_axis(trials, name) for name in names]
    return Encoder(tuple(axis for axis in axes if axis.knots or len(axis.names) > 1))


def _axis(trials: pd.DataFrame, name: str) -> Axis:
    column, optional = trials[name], bool(trials[name].isna().any())
    if not is_numeric(column):
        listed = [str(choice) for choice in choices(trials, name)]
        seen = sorted({name_text(value) for value in column.dropna().unique()} - set(listed))
        return Axis(name=name, names=(*listed, *seen), optional=optional)
    stated = entry(trials, name)
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    listed_numbers = [float(str(choice)) for choice in choices(trials, name)]
    every = np.unique(np.concatenate([values[~np.isnan(values)], listed_numbers]))
    finite = every[np.isfinite(every)].tolist()
    names = (NO_LIMIT,) if math.inf in every[-1:] else ()
    log = bool(listed_numbers and finite and finite[0] > 0)
    # A person's list is evenly spaced; between two of its numbers their ratio counts.
    if not listed_numbers and len(finite) > 1:
        ends = [float(str(stated.get(end, finite[0]))) for end in ("low", "high")]
        finite = [min(ends[0], finite[0]), max(ends[1], finite[-1])]
        log = is_log(stated, finite[0], finite[-1])
    if len(finite) < 2:
        texts = tuple(number_text(number) for number in finite)
        return Axis(name=name, names=(*texts, *names), optional=optional)
    return Axis(name=name, knots=tuple(finite), log=log, names=names, optional=optional)


def values_of(frame: pd.DataFrame, axis: Axis) -> Values:
    """Returns the numbers and codes of a hyperparameter's column, see `Axis.columns`.

    Raises:
        AnalysisError: If a value is neither a number where numbers are due nor a known name.
    """
    column = frame[axis.name]
    if is_numeric(column) and axis.knots:
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        codes = np.where(np.isinf(numbers), 0 if axis.names else NO_NAME, NO_NAME)
        if np.isinf(numbers).any() and not axis.names:
            raise _unknown(axis, NO_LIMIT)
        return np.where(np.isinf(numbers), np.nan, numbers), codes.astype(np.int64)
    index, distinct = pd.factorize(column, use_na_sentinel=False)
    coded = [_coded(axis, key_text(value)) for value in distinct]
    numbers = np.array([number for number, _ in coded], dtype=np.float64)
    return numbers[index], np.array([code for _, code in coded], dtype=np.int64)[index]


def columns_of(frame: pd.DataFrame, encoder: Encoder) -> Floats:
    """Returns the columns [N, D] of configurations, all of whose hyperparameters are there."""
    values = {axis.name: values_of(frame, axis) for axis in encoder.axes}
    return encoder.columns(values, len(frame))


def check_names(names: Sequence[str], trials: pd.DataFrame) -> None:
    """Raises AnalysisError if one is no hyperparameter of the trials."""
    known = hyperparameters(trials)
    for name in names:
        if name not in known:
            raise unknown_column(name, known)


def name_text(value: object) -> str:
    """Returns a name as tables of trials have it."""
    return str(value).lower() if isinstance(value, (bool, np.bool_)) else str(value)


def value_text(value: object) -> str:
    """Returns a value as a person writes it."""
    text = key_text(value)
    try:
        return number_text(float(text))
    except ValueError:
        return text


def number_text(number: float) -> str:
    """Returns a number as text, whole numbers without a point."""
    return f"{number:.12g}"


def key_text(value: object) -> str:
    """Returns a text that equal values share, whatever their types; empty where there is none."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return name_text(value)
    if isinstance(value, (int, float, np.number)):
        return NO_LIMIT if math.isinf(float(value)) else repr(float(value))
    return str(value)


def _coded(axis: Axis, text: str) -> tuple[float, int]:
    if text == "":
        return math.nan, NO_NAME
    if text in axis.names:
        return math.nan, axis.names.index(text)
    try:
        number = float(text)
    except ValueError:
        raise _unknown(axis, text) from None
    if number_text(number) in axis.names:
        return math.nan, axis.names.index(number_text(number))
    if not axis.knots or not math.isfinite(number):
        raise _unknown(axis, text)
    return number, NO_NAME


def _unknown(axis: Axis, text: str) -> AnalysisError:
    known = ", ".join(nearest_first(text, axis.names)) if axis.names else ""
    if axis.knots:
        known = " or ".join(filter(None, ["a number", known]))
        return AnalysisError(f"{axis.name} must be {known}, but got {text!r}")
    return AnalysisError(f"unknown {axis.name} {text!r}; known: {known}")
