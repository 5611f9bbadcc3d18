"""One entry of a study file's `hyperparameters`, from what was written to a setting.

One rule for all: a scalar is fixed, a list is a choice, {low, high, log, step} is a range.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from search_spaces.catalogue import Hyperparameter, Kind, Value
from search_spaces.catalogue.hyperparameter import NONE
from search_spaces.errors import InputError, unknown
from search_spaces.space.settings import Choice, Fixed, Range, Setting
from search_spaces.values import as_number, read_value, show

RANGE_KEYS = ("low", "high", "log", "step")

FINEST_STEP = 1e-7
"""Times the larger bound; of smaller steps Optuna cannot tell which one a rounded value is."""


def read_setting(hyperparameter: Hyperparameter, given: object) -> Setting:
    """Returns the setting that ``given`` describes.

    Raises:
        InputError: If it breaks a rule. Without a key.
    """
    if isinstance(given, Mapping):
        return _read_range(hyperparameter, given)
    if isinstance(given, (list, tuple)):
        return _read_choice(hyperparameter, given)
    return Fixed(value=read_value(hyperparameter, given))


def own_hyperparameter(name: str, given: object) -> Hyperparameter:
    """Makes a hyperparameter of a person's own network or task; its values decide the kind.

    Raises:
        InputError: If the values are neither all numbers nor all names. Without a key.
    """
    if isinstance(given, Mapping):
        values = [given[bound] for bound in ("low", "high", "step") if bound in given] or [0]
    else:
        values = list(given) if isinstance(given, (list, tuple)) else [given]
    return Hyperparameter(
        name=name,
        kind=_own_kind(values),
        default=None,
        meaning="hyperparameter of your own network or task",
    )


def _own_kind(values: list[object]) -> Kind:
    numbers = [as_number(value) for value in values if value != NONE]
    if numbers and all(number is not None for number in numbers):
        if len(numbers) < len(values):
            return "number-or-none"
        return "integer" if all(isinstance(number, int) for number in numbers) else "number"
    wrong = [value for value in values if not isinstance(value, str)]
    if not wrong:
        return "name"
    if any(number is not None for number in numbers) and len(values) > 1:
        raise InputError(
            f"values must be all numbers or all names, but got {show(values)}; "
            f"`none` may stand among numbers"
        )
    raise InputError(f"must be a number or a name, but got {show(wrong[0])}")


def _read_choice(
    hyperparameter: Hyperparameter, given: list[object] | tuple[object, ...]
) -> Setting:
    if not given:
        raise InputError(
            f"a list needs at least one value, but got []; each must be {hyperparameter.expected}"
        )
    values: list[Value] = []
    for each in given:
        value = read_value(hyperparameter, each)
        if value in values:
            raise InputError(f"values of a list must differ, but {show(each)} stands twice")
        values.append(value)
    return Fixed(value=values[0]) if len(values) == 1 else Choice(values=tuple(values))


def _read_range(hyperparameter: Hyperparameter, given: Mapping[str, object]) -> Setting:
    for key in given:
        if key not in RANGE_KEYS:
            raise InputError(unknown("key of a range", key, RANGE_KEYS))
    if hyperparameter.kind == "name":
        raise InputError(
            f"a name has no range; list some choices instead, each {hyperparameter.expected}"
        )
    for key in ("low", "high"):
        if key not in given:
            raise InputError(f"a range needs low and high, but {key} is missing")
    log = given.get("log", False)
    if not isinstance(log, bool):
        raise InputError(f"log must be true or false, but got {show(log)}")
    _check_bounds(given, log=log)
    low = _read_bound(hyperparameter, given, "low")
    high = _read_bound(hyperparameter, given, "high")
    step = None if given.get("step") is None else _read_step(hyperparameter, given, low, high)
    if log and step is not None:
        raise InputError(f"a log range has no step, but got step={show(given['step'])}")
    return Range(low=low, high=high, log=log, step=step)


def _check_bounds(given: Mapping[str, object], *, log: bool) -> None:
    low, high = as_number(given["low"]), as_number(given["high"])
    for key, bound in (("low", low), ("high", high)):
        if bound is None:
            raise InputError(f"{key} must be a finite number, but got {show(given[key])}")
    assert low is not None and high is not None
    if not low < high:
        raise InputError(
            f"`low < high` must hold, but got low={show(given['low'])}, high={show(given['high'])}"
        )
    if log and low <= 0:
        raise InputError(f"a log range needs low > 0, but got low={show(given['low'])}")


def _read_bound(
    hyperparameter: Hyperparameter, given: Mapping[str, object], key: str
) -> int | float:
    try:
        value = read_value(hyperparameter, given[key])
    except InputError as error:
        raise InputError(f"{key} {error.rule}") from None
    assert not isinstance(value, str)  # _check_bounds has seen a number
    return value


def _read_step(
    hyperparameter: Hyperparameter,
    given: Mapping[str, object],
    low: int | float,
    high: int | float,
) -> int | float:
    step = as_number(given["step"])
    whole = hyperparameter.kind == "integer"
    if step is None or step <= 0 or (whole and step != int(step)):
        noun = "an integer >= 1" if whole else "a number > 0"
        raise InputError(f"step must be {noun}, but got {show(given['step'])}")
    finest = FINEST_STEP * max(abs(low), abs(high))
    if not whole and step < finest:
        raise InputError(
            f"step must be at least {finest:g}, {FINEST_STEP:g} of the larger bound, but got "
            f"{show(given['step'])}; a range without step has all values"
        )
    span = Fraction(str(high)) - Fraction(str(low))
    if span % Fraction(str(step)) != 0:
        last = Fraction(str(low)) + span // Fraction(str(step)) * Fraction(str(step))
        raise InputError(
            f"high must be low plus whole steps, but got low={show(given['low'])}, "
            f"high={show(given['high'])}, step={show(given['step'])}; "
            f"the last value reached is {float(last):g}"
        )
    return int(step) if whole else float(step)
