"""What differs between the diagnosed configuration and another one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from search_spaces.catalogue import Value

Direction = Literal["up", "down", ""]

STEPS = "steps"
"""Name of a change of how long is trained, which is the study's and no hyperparameter."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """From the diagnosed configuration to another one that differs in one hyperparameter.

    Attributes:
        hyperparameter: Its name; `STEPS` for the number of steps.
        before: Its value now.
        after: Its value then.
        size: What the change weighs; `moves` says how. 1 is what one tries without thinking.
        reason: Why it may help, in a clause.
        aimed: Whether it is meant for the observed verdict.
        fix: Whether it is the fix for the cause that was found.
    """

    hyperparameter: str
    before: Value
    after: Value
    size: float
    reason: str
    aimed: bool
    fix: bool = False

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

    @property
    def option(self) -> str:
        """What makes it on the command line of `gradscape diagnose`: --set learning_rate=0.1."""
        if self.hyperparameter == STEPS:
            return f"--steps {self.after_text}"
        return f"--set {self.hyperparameter}={self.after_text}"

    def __str__(self) -> str:
        return f"{self.hyperparameter}: {self.before_text} -> {self.after_text}"


@dataclass(frozen=True)
class Changes:
    """One change, or several that are made together.

    Attributes:
        parts: Each of another hyperparameter, at least one.
    """

    parts: tuple[Change, ...]

    @property
    def size(self) -> float:
        """What they weigh together."""
        return sum(part.size for part in self.parts)

    @property
    def fix(self) -> bool:
        """Whether each is the fix for the cause that was found."""
        return all(part.fix for part in self.parts)

    @property
    def ways(self) -> frozenset[tuple[str, Direction]]:
        """Changes of the same ways differ in size only."""
        return frozenset(part.way for part in self.parts)

    @property
    def before_text(self) -> str:
        """The present values as a person writes them."""
        return ", ".join(part.before_text for part in self.parts)

    @property
    def option(self) -> str:
        """What makes them on the command line of `gradscape diagnose`."""
        return " ".join(part.option for part in self.parts)

    @property
    def reason(self) -> str:
        """Why they may help, in a clause for each."""
        return "; ".join(part.reason for part in self.parts)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.parts)

    def __str__(self) -> str:
        return ", ".join(map(str, self.parts))


def _text(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
