"""Columns that hold sets of names, joined by commas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import AnalysisError, nearest_first


@dataclass(frozen=True, kw_only=True)
class NameSets:
    """The sets of N rows, each of the S different ones once; R names.

    Attributes:
        names: R names: the known ones in their order, then others that occur.
        index: Set of each row [N]; -1 where nothing was recorded.
        holds: Which set holds which name [S, R].
    """

    names: tuple[str, ...]
    index: NDArray[np.int64]
    holds: NDArray[np.bool_]

    @property
    def recorded(self) -> NDArray[np.bool_]:
        """Which rows were recorded [N]."""
        return self.index >= 0


def name_sets(trials: pd.DataFrame, column: str, known: Iterable[str]) -> NameSets:
    """Reads the sets in a column; a table without the column, or a null, records nothing.

    There are few different sets among any number of trials, so that each is taken apart once.

    Args:
        trials: Trials table.
        column: Name of the column, "flags" or "alarms".
        known: Names that are listed in any case.
    """
    if column not in trials.columns:
        index, texts = np.full(len(trials), -1, dtype=np.int64), []
    else:
        codes, distinct = pd.factorize(trials[column])
        index, texts = codes.astype(np.int64), [str(text) for text in distinct]
    sets = [{name for name in text.split(",") if name} for text in texts]
    listed = list(known)
    names = [*listed, *sorted(set().union(*sets) - set(listed))]
    holds = np.array([[name in members for name in names] for members in sets], dtype=bool)
    return NameSets(names=tuple(names), index=index, holds=holds.reshape(len(sets), len(names)))


def has_name(trials: pd.DataFrame, sets: NameSets, name: str, *, what: str) -> pd.Series:
    """Returns whether each row's set holds a name: nullable booleans with the index of the trials.

    Raises:
        AnalysisError: If nothing goes by that name.
    """
    if name not in sets.names:
        choices = ", ".join(nearest_first(name, sets.names))
        raise AnalysisError(f"unknown {what} {name!r}; known: {choices}")
    column = sets.holds[:, sets.names.index(name)]
    # A last entry for the index -1 of rows that were not recorded.
    values = np.append(column, False)[sets.index]
    return pd.Series(pd.arrays.BooleanArray(values, ~sets.recorded), index=trials.index, name=name)
