"""What a hyperparameter is: its kind, domain, owner and meaning."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from search_spaces.catalogue.built_in import is_own

Kind = Literal["integer", "number", "number-or-none", "name"]
Value = int | float | str

NONE = "none"
"""Canonical value of a `number-or-none` that is switched off; `none` in a study file."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Numbers between two bounds, each of which may be open (excluded)."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return above and below

    def __str__(self) -> str:
        bounds = []
        if self.low > -math.inf:
            bounds.append(f"{'>' if self.low_open else '>='} {self.low:g}")
        if self.high < math.inf:
            bounds.append(f"{'<' if self.high_open else '<='} {self.high:g}")
        return " and ".join(bounds)


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A hyperparameter belongs to some values of another one, its owner.

    Attributes:
        owner: Name of the owner, a hyperparameter of kind `name`.
        values: Values of the owner for which the hyperparameter exists.
    """

    owner: str
    values: tuple[str, ...]

    def holds(self, value: object, *, given: bool) -> bool:
        """Returns whether the owner has such a value.

        Args:
            value: The owner's. An own optimizer may have whatever a study file gives.
            given: Whether the study file states the hyperparameter.
        """
        return value in self.values or (given and isinstance(value, str) and is_own(value))

    def __str__(self) -> str:
        return f"{self.owner} is {' or '.join(self.values)}"


@dataclass(frozen=True, kw_only=True)
class Hyperparameter:
    """One hyperparameter.

    Attributes:
        name: Key in the study file and column of the trials table.
        kind: `name` is one of a closed set, unless `choices` is empty.
        meaning: What it is, in one line.
        default: Used when a study file does not say; None leaves the hyperparameter out.
        interval: Domain of the numeric kinds.
        choices: Domain of the kind `name`; empty for a free name of the person's own network.
        own: Whether a name may be `package.module:factory` of the person's own too.
        unit: "" where there is none.
        networks: Built-in networks that have it; None is part of training, whatever the network.
        network_defaults: Defaults that differ by built-in network.
        tasks: Built-in tasks that have it; None is no part of a task.
        conditions: All must hold for it to apply.
        fusible: Whether trials that differ in it may be trained in one cohort.
        default_text: What happens without a default, for people.
    """

    name: str
    kind: Kind
    meaning: str
    default: Value | None
    interval: Interval = Interval()
    choices: tuple[str, ...] = ()
    own: bool = False
    unit: str = ""
    networks: tuple[str, ...] | None = None
    network_defaults: Mapping[str, Value] = field(default_factory=dict)
    tasks: tuple[str, ...] | None = None
    conditions: tuple[Condition, ...] = ()
    fusible: bool = False
    default_text: str = ""

    def belongs_to(self, *, network: str, task: str) -> bool:
        """Returns whether trials of this network on this task have it, in any study file."""
        if self.networks is None and self.tasks is None:
            return True
        return network in (self.networks or ()) or task in (self.tasks or ())

    def default_for(self, network: str) -> Value | None:
        """Returns what is used where a study file does not say; None leaves it out."""
        return self.network_defaults.get(network, self.default)

    @property
    def expected(self) -> str:
        """What a value must be, e.g. "an integer >= 1" or "one of: sgd, adam"."""
        if self.kind == "name":
            own = ", or package.module:factory of your own" if self.own else ""
            return f"one of: {', '.join(self.choices)}{own}" if self.choices else "a name"
        noun = "an integer" if self.kind == "integer" else "a number"
        text = f"{noun} {self.interval}".rstrip()
        return f"{text}, or none" if self.kind == "number-or-none" else text
