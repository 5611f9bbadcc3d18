"""The hyperparameters of a study: which there are, which vary, what the study file said."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import AnalysisError, unknown_column
from study.tables.encoding import NO_LIMIT
from study.tables.schema import TRIAL_FIGURES, TRIAL_IDENTITY, TRIAL_LABELS

WIDE = 50.0
"""Numbers that span a larger factor count as logarithmic where the study file says nothing."""

PROVENANCE = ("study", "study_trial")
"""Columns of the joined trials of several studies: where each comes from, and its number there."""

_OTHER_COLUMNS = {
    *(column.name for column in (*TRIAL_IDENTITY, *TRIAL_LABELS, *TRIAL_FIGURES)),
    *PROVENANCE,
}


def hyperparameters(trials: pd.DataFrame) -> list[str]:
    """Returns the names of the hyperparameter columns, in the order of the study file."""
    stated = [name for name in _space(trials) if name in trials.columns]
    rest = [name for name in trials.columns if name not in _OTHER_COLUMNS and name not in stated]
    return [*stated, *rest]


def varied(trials: pd.DataFrame) -> list[str]:
    """Returns the names of the hyperparameters with more than one value among the trials."""
    return [name for name in hyperparameters(trials) if trials[name].nunique() > 1]


def entry(trials: pd.DataFrame, name: str) -> Mapping[str, object]:
    """Returns what the study file said about a hyperparameter; `{}` if the metadata say nothing.

    Raises:
        AnalysisError: If the trials have no such hyperparameter.
    """
    known = hyperparameters(trials)
    if name not in known:
        raise unknown_column(name, known)
    return _space(trials).get(name, {})


def choices(trials: pd.DataFrame, name: str) -> list[object]:
    """Returns the choices in file order, typed as the column; [] for a range."""
    stated = entry(trials, name).get("choices", [])
    if not isinstance(stated, list):
        return []
    if is_numeric(trials[name]):
        return [_number(value) for value in stated]
    return [
        ("true" if value else "false") if isinstance(value, bool) else str(value)
        for value in stated
    ]


def is_numeric(values: pd.Series) -> bool:
    """Returns whether a column holds numbers (switches are names)."""
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def is_log(stated: Mapping[str, object], low: float, high: float) -> bool:
    """Returns whether ratios of a hyperparameter's numbers, rather than differences, are alike.

    Args:
        stated: What the study file says of it, see `entry`. Where that says nothing, numbers
            that span more than a factor of `WIDE` are taken to.
        low: The hyperparameter's smallest number.
        high: The hyperparameter's largest finite number.
    """
    return low > 0 and bool(stated.get("log", high / low > WIDE))


def matches(trials: pd.DataFrame, where: Mapping[str, object] | None) -> NDArray[np.bool_]:
    """Returns which trials have the given values [N].

    Args:
        trials: Trials table.
        where: Value, or list of values, by hyperparameter; "none" is a number's absent limit.

    Raises:
        AnalysisError: If the trials have no such hyperparameter.
    """
    keep = np.ones(len(trials), dtype=bool)
    for name, wanted in (where or {}).items():
        entry(trials, name)
        values = list(wanted) if isinstance(wanted, (list, tuple, set)) else [wanted]
        numeric = is_numeric(trials[name])
        typed = [_number(value) if numeric else str(value) for value in values]
        column = trials[name] if numeric else trials[name].astype("str")
        keep &= column.isin(typed).to_numpy()
    return keep


def _space(trials: pd.DataFrame) -> Mapping[str, Mapping[str, object]]:
    space = trials.attrs.get("hyperparameters", {})
    return space if isinstance(space, Mapping) else {}


def _number(value: object) -> float:
    if value is None or value == NO_LIMIT:
        return math.inf
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise AnalysisError(f"a number or none must be given, but got {value!r}") from None
