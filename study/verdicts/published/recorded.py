"""The three tables as arrays in one order, as published rules look at them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from study.verdicts.numeric import numbers

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The rows of steps or layers that belong to given trials; n of them.

    Attributes:
        frame: The table.
        order: Which of its rows, sorted by trial, step and layer, (n,); None if all as they are.
        owner: The trial of each, as an index into the trials, (n,).
        step: The recorded step of each, (n,).
        trials: Number of trials.
    """

    frame: pd.DataFrame
    order: Integers | None
    owner: Integers
    step: Integers
    trials: int

    def __len__(self) -> int:
        return len(self.owner)

    def values(self, name: str) -> Floats:
        """Returns a column, (n,); NaN where it is null, and everywhere if the table lacks it."""
        if name not in self.frame.columns:
            return np.full(len(self), np.nan)
        column = numbers(self.frame, name)
        return column if self.order is None else column[self.order]

    def in_any(self, holds: Booleans) -> Booleans:
        """Returns the trials of which some row is marked, (n,) -> (trials,)."""
        return self.trials_of(self.owner[holds])

    def trials_of(self, owners: Integers) -> Booleans:
        """Returns these trials, given by their indices, as a mask (trials,)."""
        mask = np.zeros(self.trials, dtype=bool)
        mask[owners] = True
        return mask

    @cached_property
    def starts(self) -> Integers:
        """Where a new trial or step begins: with layers, the row of the first."""
        if len(self) == 0:
            return np.zeros(0, dtype=np.int64)
        changes = (np.diff(self.owner) != 0) | (np.diff(self.step) != 0)
        return np.concatenate(([0], np.flatnonzero(changes) + 1))

    @cached_property
    def ends(self) -> Integers:
        """The last row of what begins at each of `starts`: with layers, that of the output."""
        return np.append(self.starts, len(self))[1:] - 1

    @cached_property
    def moment(self) -> Integers:
        """Trial and step as one number, which grows with the rows, (n,)."""
        return self.owner * LATEST + self.step


LATEST = 2**40
"""Above every step."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What a study recorded of some trials.

    Attributes:
        trials: The trials table.
        steps: Their recorded steps; empty where these are not at hand.
        layers: Their recorded layers.
    """

    trials: pd.DataFrame
    steps: Rows
    layers: Rows

    def figure(self, name: str) -> Floats:
        """Returns a column of the trials, (trials,); NaN where it is null or lacking."""
        if name not in self.trials.columns:
            return np.full(len(self.trials), np.nan)
        return numbers(self.trials, name)

    def has_name(self, column: str, name: str) -> Booleans:
        """Returns which trials have this name in a column, (trials,); none if it is lacking."""
        if column not in self.trials.columns:
            return np.zeros(len(self.trials), dtype=bool)
        return (self.trials[column] == name).to_numpy(dtype=bool, na_value=False)

    def is_null(self, column: str) -> Booleans:
        """Returns which trials have nothing in a column, (trials,); all if it is lacking."""
        if column not in self.trials.columns:
            return np.ones(len(self.trials), dtype=bool)
        return self.trials[column].isna().to_numpy()


def recorded(trials: pd.DataFrame, steps: pd.DataFrame | None, layers: pd.DataFrame) -> Recorded:
    """Joins the tables; rows of other trials are left out.

    Args:
        trials: One row a trial.
        steps: Rows in any order.
        layers: Rows in any order.
    """
    at_hand = steps if steps is not None else pd.DataFrame({"trial": [], "step": []})
    return Recorded(
        trials=trials,
        steps=_rows(at_hand, trials, ("step",)),
        layers=_rows(layers, trials, ("step", "layer")),
    )


def _rows(frame: pd.DataFrame, trials: pd.DataFrame, by: tuple[str, ...]) -> Rows:
    owner = _positions(frame["trial"], trials["trial"])
    keys = [owner, *(frame[name].to_numpy(dtype=np.int64) for name in by)]
    order = None
    if (owner < 0).any() or not _is_sorted(keys):
        order = np.lexsort(keys[::-1])[np.count_nonzero(owner < 0) :]
        keys = [key[order] for key in keys]
    return Rows(frame=frame, order=order, owner=keys[0], step=keys[1], trials=len(trials))


def _positions(of: pd.Series, among: pd.Series) -> Integers:
    """Finds the index of each number among others, (n,); -1 where it is not one of them."""
    numbers_, known = of.to_numpy(dtype=np.int64), among.to_numpy(dtype=np.int64)
    if len(known) == 0:
        return np.full(len(numbers_), -1)
    order = np.argsort(known, kind="stable")
    nearest = np.searchsorted(known, numbers_, sorter=order).clip(max=len(known) - 1)
    index = order[nearest]
    return np.where(known[index] == numbers_, index, -1)


def _is_sorted(keys: list[Integers]) -> bool:
    """Returns whether rows are in lexicographic order already, as the store has them."""
    behind = np.zeros(max(0, len(keys[0]) - 1), dtype=bool)
    for key in reversed(keys):
        change = np.diff(key)
        behind = (change < 0) | ((change == 0) & behind)
    return not behind.any()
