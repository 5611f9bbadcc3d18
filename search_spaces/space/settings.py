"""The three ways to set a hyperparameter: fixed, a choice, a range."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from search_spaces.catalogue import Value


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """One value for all trials."""

    value: Value

    def distribution(self) -> None:
        return None

    def metadata(self) -> dict[str, object]:
        return {"kind": "fixed", "value": self.value}

    def __str__(self) -> str:
        return _text(self.value)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """At least two different values."""

    values: tuple[Value, ...]

    def distribution(self) -> CategoricalDistribution:
        return CategoricalDistribution(self.values)

    def metadata(self) -> dict[str, object]:
        return {"kind": "choice", "choices": list(self.values)}

    def __str__(self) -> str:
        return ", ".join(_text(value) for value in self.values)


@dataclass(frozen=True, kw_only=True)
class Range:
    """Numbers from ``low`` to ``high``, both included; ints if both bounds are."""

    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = None

    def distribution(self) -> IntDistribution | FloatDistribution:
        if isinstance(self.low, int) and isinstance(self.high, int):
            return IntDistribution(self.low, self.high, log=self.log, step=int(self.step or 1))
        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)

    def metadata(self) -> dict[str, object]:
        step = {} if self.step is None else {"step": self.step}
        return {"kind": "range", "low": self.low, "high": self.high, "log": self.log, **step}

    def __str__(self) -> str:
        how = ", log" if self.log else "" if self.step is None else f", step {self.step:g}"
        return f"{_text(self.low)} to {_text(self.high)}{how}"


Setting = Fixed | Choice | Range
"""What a study file says about one hyperparameter."""


def cell_count(setting: Setting) -> int | None:
    """Returns the number of different values; None where it is a range without steps."""
    if isinstance(setting, Fixed):
        return 1
    if isinstance(setting, Choice):
        return len(setting.values)
    if setting.log or (setting.step is None and isinstance(setting.low, float)):
        return None
    span = Fraction(str(setting.high)) - Fraction(str(setting.low))
    return int(span // Fraction(str(setting.step or 1))) + 1


def cell(setting: Setting, index: int) -> Value:
    """Returns value number ``index`` of a setting that has cells."""
    if isinstance(setting, Fixed):
        return setting.value
    if isinstance(setting, Choice):
        return setting.values[index]
    # Through the decimal text: 0.1 + 2 * 0.1 is to be 0.3, as the person would write it.
    value = Fraction(str(setting.low)) + index * Fraction(str(setting.step or 1))
    return int(value) if isinstance(setting.low, int) else float(value)


def _text(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
