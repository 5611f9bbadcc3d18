"""What two studies share: hyperparameters, their values, and the trials inside both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.labels import value_label
from analysis.space.axes import choices, entry, hyperparameters, is_numeric, varied
from study.tables.encoding import NO_LIMIT

SAME, PARTLY, CHANGED, ONLY_BEFORE, ONLY_AFTER = (
    "same",
    "partly shared",
    "changed",
    "only before",
    "only after",
)
"""What becomes of a hyperparameter from one study to another."""


@dataclass(frozen=True, kw_only=True)
class Shared:
    """The part of two studies that can be compared.

    Attributes:
        space: One row a hyperparameter: `hyperparameter`, its values `before` and `after` in
            words, and its `status`: SAME; PARTLY shared, compared where both have it;
            CHANGED, where they have no value in common, so that it is itself what is compared;
            ONLY_BEFORE or ONLY_AFTER.
        before: Trials of the first study inside what is shared.
        after: Trials of the second study inside what is shared. The `attrs` of both have one
            space, so that cells of the same hyperparameter are the same.
        common: Hyperparameters that are SAME or PARTLY shared.
    """

    space: pd.DataFrame
    before: pd.DataFrame
    after: pd.DataFrame
    common: tuple[str, ...]

    @property
    def joint(self) -> pd.DataFrame:
        """The trials of both, those of the first study first."""
        trials = pd.concat([self.before, self.after], ignore_index=True)
        trials.attrs = self.before.attrs
        return trials

    @property
    def varied(self) -> list[str]:
        """Common hyperparameters that vary among the trials of both."""
        return [name for name in varied(self.joint) if name in self.common]


def shared_space(before: pd.DataFrame, after: pd.DataFrame) -> Shared:
    """Finds what two studies share.

    Args:
        before: Trials table.
        after: Trials table of another study.
    """
    names = list(dict.fromkeys([*hyperparameters(before), *hyperparameters(after)]))
    rows, common = [], []
    keep_before = np.ones(len(before), dtype=bool)
    keep_after = np.ones(len(after), dtype=bool)
    for name in names:
        status = _status(before, after, name)
        if status in (SAME, PARTLY):
            common.append(name)
        if status == PARTLY:
            keep_before &= _inside(before, after, name)
            keep_after &= _inside(after, before, name)
        rows.append((name, _words(before, name), _words(after, name), status))
    joint = {name: _joint_entry(before, after, name) for name in common}
    frames = []
    for trials, keep in ((before, keep_before), (after, keep_after)):
        part = trials[keep].reset_index(drop=True)
        stated = trials.attrs.get("hyperparameters", {})
        part.attrs = {**trials.attrs, "hyperparameters": {**stated, **joint}}
        frames.append(part)
    columns = ["hyperparameter", "before", "after", "status"]
    space = pd.DataFrame(rows, columns=columns).astype("str")
    return Shared(space=space, before=frames[0], after=frames[1], common=tuple(common))


def _status(before: pd.DataFrame, after: pd.DataFrame, name: str) -> str:
    if name not in before.columns:
        return ONLY_AFTER
    if name not in after.columns:
        return ONLY_BEFORE
    if before[name].isna().all() or after[name].isna().all():
        alike = before[name].isna().all() and after[name].isna().all()
        return SAME if alike else CHANGED
    if is_numeric(before[name]) != is_numeric(after[name]):
        return CHANGED
    there, back = _inside(after, before, name), _inside(before, after, name)
    if there.all() and back.all() and _stated_alike(before, after, name):
        return SAME
    return PARTLY if there.any() and back.any() else CHANGED


def _stated_alike(before: pd.DataFrame, after: pd.DataFrame, name: str) -> bool:
    """Returns whether a range has the same ends; of choices, what was sampled decides."""
    if not (_range(before, name) and _range(after, name)):
        return True
    return _range(before, name) == _range(after, name)


def _inside(trials: pd.DataFrame, other: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    """Returns which trials have a value that the other study could have had [N]."""
    column = trials[name]
    if not is_numeric(column):
        known = {str(value) for value in [*choices(other, name), *other[name].dropna().unique()]}
        return (column.astype("str").isin(known) | column.isna()).to_numpy()
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    theirs = other[name].to_numpy(dtype=np.float64, na_value=np.nan)
    stated = _range(other, name)
    listed = [float(str(choice)) for choice in choices(other, name)]
    if stated is None:
        return np.isin(values, [*listed, *theirs[~np.isnan(theirs)]]) | np.isnan(values)
    low, high = stated
    unlimited = np.isposinf(values) & np.isposinf(theirs).any()
    return ((values >= low) & (values <= high)) | unlimited | np.isnan(values)


def _range(trials: pd.DataFrame, name: str) -> tuple[float, float] | None:
    stated = entry(trials, name)
    low, high = stated.get("low"), stated.get("high")
    if isinstance(low, (int, float)) and isinstance(high, (int, float)):
        return float(low), float(high)
    if stated or not is_numeric(trials[name]):
        return None
    values = trials[name].to_numpy(dtype=np.float64, na_value=np.nan)
    finite = values[np.isfinite(values)]
    # Without metadata, many different numbers are taken for a range.
    return (finite.min(), finite.max()) if np.unique(finite).size > 12 else None


def _joint_entry(before: pd.DataFrame, after: pd.DataFrame, name: str) -> Mapping[str, object]:
    """Returns what both studies together would have stated: the overlap of ranges, all choices."""
    first, second = _range(before, name), _range(after, name)
    if first is not None and second is not None:
        log = bool(entry(before, name).get("log")) or bool(entry(after, name).get("log"))
        low, high = max(first[0], second[0]), min(first[1], second[1])
        return {"kind": "range", "low": low, "high": high, "log": log}
    if first is None and second is None:
        listed = [*choices(before, name), *choices(after, name)]
        if listed:
            stated = [NO_LIMIT if each == math.inf else each for each in dict.fromkeys(listed)]
            return {"kind": "choice", "choices": _ordered(stated)}
    return {}


def _ordered(values: list[object]) -> list[object]:
    numbers = [value for value in values if isinstance(value, (int, float))]
    return [*sorted(numbers), *(value for value in values if value not in numbers)]


def _words(trials: pd.DataFrame, name: str) -> str:
    if name not in trials.columns:
        return "–"
    stated = _range(trials, name)
    if stated is not None:
        return f"{value_label(stated[0])} to {value_label(stated[1])}"
    listed = choices(trials, name) or sorted(trials[name].dropna().unique().tolist())
    if len(listed) > 12:
        return f"{value_label(listed[0])} to {value_label(listed[-1])}"
    return ", ".join(value_label(value) for value in listed) or "not applicable"
