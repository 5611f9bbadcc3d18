"""A box of the search space: one condition on each of some hyperparameters, in plain words."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import AnalysisError
from analysis.labels import number_label
from analysis.space.coordinates import Coordinate, coordinates
from study.tables.encoding import NO_LIMIT


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What a box asks of one hyperparameter; it holds where the hyperparameter does not apply.

    Attributes:
        name: The hyperparameter.
        low: Smallest number inside; -inf for no lower bound, +inf if the limit must be off.
        high: Largest number inside; +inf for no upper bound.
        names: The names inside; None for numbers.
    """

    name: str
    low: float = -math.inf
    high: float = math.inf
    names: tuple[str, ...] | None = None

    def holds(self, coordinate: Coordinate) -> NDArray[np.bool_]:
        """Returns for which trials it holds [N]; one that lacks the hyperparameter is inside."""
        values = coordinate.values
        if self.names is None:
            return np.isnan(values) | ((values >= self.low) & (values <= self.high))
        known = coordinate.names or ()
        inside = [known.index(name) for name in self.names if name in known]
        return np.isnan(values) | np.isin(values, inside)

    def and_(self, other: Condition) -> Condition:
        """Returns the condition that holds where both do, of one hyperparameter."""
        if self.names is not None:
            kept = [name for name in self.names if name in (other.names or ())]
            return replace(self, names=tuple(kept))
        return replace(self, low=max(self.low, other.low), high=min(self.high, other.high))

    def __str__(self) -> str:
        name = self.name.replace("_", " ")
        if self.names is not None:
            *rest, last = self.names
            return f"{name} {', '.join(rest)} or {last}" if rest else f"{name} {last}"
        low, high = number_label(self.low, digits=3), number_label(self.high, digits=3)
        if self.low == self.high:
            return f"{name} {low}"
        if math.isinf(self.low):
            return f"{name} at most {high}"
        return f"{name} at least {low}" if math.isinf(self.high) else f"{name} {low}–{high}"


@dataclass(frozen=True, kw_only=True)
class Box:
    """Trials for which all conditions hold; without one, every trial.

    Attributes:
        conditions: At most one of each hyperparameter, in the order of the study file.
    """

    conditions: tuple[Condition, ...]

    def holds(self, known: Iterable[Coordinate], trials: int) -> NDArray[np.bool_]:
        """Returns which of the trials lie inside [N].

        Args:
            known: Coordinates of the trials, at least those of the conditions.
            trials: Number of trials N, which no coordinate says if there is no condition.
        """
        by_name = {each.name: each for each in known}
        inside = np.ones(trials, dtype=bool)
        for condition in self.conditions:
            inside &= condition.holds(by_name[condition.name])
        return inside

    def and_(self, other: Box) -> Box:
        """Returns the box in which the conditions of both hold."""
        conditions = {each.name: each for each in self.conditions}
        for each in other.conditions:
            known = conditions.get(each.name)
            conditions[each.name] = each if known is None else known.and_(each)
        return Box(conditions=tuple(conditions.values()))

    def to_dict(self) -> dict[str, object]:
        """Returns JSON values: a list of names, or `low` and `high` (either may be missing).

        A limit that must be off is `NO_LIMIT`, which lies above all numbers.
        """
        stated: dict[str, object] = {}
        for each in self.conditions:
            if each.names is not None:
                stated[each.name] = list(each.names)
                continue
            # +inf is no bound above, but below it is one: the limit must be off.
            bounds: dict[str, object] = {}
            if each.low > -math.inf:
                bounds["low"] = NO_LIMIT if each.low == math.inf else _plain(each.low)
            if each.high < math.inf:
                bounds["high"] = _plain(each.high)
            stated[each.name] = bounds
        return stated

    def to_json(self) -> str:
        """Returns `to_dict` as one line, equal for equal boxes; `where` of `safe_regions`."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Box:
        """Makes a box from what `to_dict` returned, or a person wrote.

        Raises:
            AnalysisError: If a condition is neither a list of names nor bounds.
        """
        return cls(conditions=tuple(_condition(name, stated) for name, stated in given.items()))

    def __str__(self) -> str:
        return ", ".join(str(each) for each in self.conditions) or "everything that was searched"


def inside_box(trials: pd.DataFrame, box: Box | Mapping[str, Any]) -> pd.Series:
    """Returns which trials lie inside a box: booleans with the index of the trials.

    Args:
        trials: Trials table.
        box: A box, or its dict: `{"activation": ["tanh"], "learning_rate": {"high": 0.03}}`.

    Raises:
        AnalysisError: If the trials have no such hyperparameter, or a condition is malformed.
    """
    box = box if isinstance(box, Box) else Box.from_dict(box)
    known = coordinates(trials, [each.name for each in box.conditions])
    return pd.Series(box.holds(known, len(trials)), index=trials.index, name="inside")


def _condition(name: str, given: object) -> Condition:
    if isinstance(given, (list, tuple)) and given:
        return Condition(name=name, names=tuple(str(value) for value in given))
    if isinstance(given, Mapping) and given and set(given) <= {"low", "high"}:
        bounds = {
            side: math.inf if bound == NO_LIMIT else float(bound) for side, bound in given.items()
        }
        return Condition(
            name=name, low=bounds.get("low", -math.inf), high=bounds.get("high", math.inf)
        )
    raise AnalysisError(
        f"a condition must be a list of names or {{low, high}}, but {name} has {given!r}"
    )


def _plain(number: float) -> int | float:
    return int(number) if number == round(number) and abs(number) < 2**53 else number
