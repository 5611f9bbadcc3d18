"""One change of one hyperparameter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from search_spaces.catalogue import Value

Direction = Literal["up", "down", ""]


@dataclass(frozen=True, kw_only=True)
class Change:
    """From the diagnosed configuration to another one that differs in one hyperparameter.

    Attributes:
        hyperparameter: Its name.
        before: Its value now.
        after: Its value then.
        size: What the change weighs; `moves` says how. 1 is what one tries without thinking.
        reason: Why it may help, in a clause.
        aimed: Whether it is meant for the observed verdict.
    """

    hyperparameter: str
    before: Value
    after: Value
    size: float
    reason: str
    aimed: bool

    @property
    def direction(self) -> Direction:
        """Up or down for numbers, where `none` of a limit is above all; "" for names."""
        before, after = _number(self.before), _number(self.after)
        if before is None and after is None:
            return ""
        rises = (math.inf if after is None else after) > (math.inf if before is None else before)
        return "up" if rises else "down"

    @property
    def way(self) -> tuple[str, Direction]:
        """Changes of one way differ in size only: the smallest that works stands for all."""
        return self.hyperparameter, self.direction

    @property
    def before_text(self) -> str:
        """The present value as a person writes it."""
        return _text(self.before)

    @property
    def after_text(self) -> str:
        """The new value as a person writes it: 0.0033, 1e-05, relu."""
        return _text(self.after)

    def __str__(self) -> str:
        return f"{self.hyperparameter}: {self.before_text} -> {self.after_text}"


def _text(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
