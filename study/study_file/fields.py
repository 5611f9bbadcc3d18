"""The types of a study file's values: pydantic's own rules, and those that it does not have.

`error_text` makes the rule that an error states of the type itself, as JSON Schema shows it, or of
its `description`. Validators that show what came are before-validators: they get an `Expanded`
text, which hides what `${VAR}` was; pydantic makes a plain one of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    WrapValidator,
)

from search_spaces.catalogue import is_own, joined_networks
from search_spaces.errors import InputError, unknown
from search_spaces.values import as_number, show
from study.engine.built_in import BUILT_IN_NETWORKS, BUILT_IN_TASKS
from study.engine.observing.tiers import STATISTICS
from study.stopping import STOPS

_OWN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)

RULES = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)
"""Of every mapping whose keys are known."""


def _spelled(given: object) -> object:
    """The number that a text spells: YAML 1.1 reads `1e-4` as text. Else what came."""
    number = as_number(given)
    if number is None:
        return given
    return int(number) if number == int(number) else number


def must(hold: Callable[[Any], bool]) -> AfterValidator:
    """A rule that the type's `description` states."""

    def check(value: Any) -> Any:
        if not hold(value):
            raise ValueError
        return value

    return AfterValidator(check)


# Strict, because true is no number. Bounds stand before `_SPELLED`: after it they would be no part
# of the type's JSON Schema, of which the error is made.
_SPELLED = BeforeValidator(_spelled)
_LARGEST = 2**63 - 1
Number = Annotated[float, Field(strict=True), _SPELLED]
AtLeast0 = Annotated[int, Field(strict=True, ge=0, le=_LARGEST), _SPELLED]
AtLeast1 = Annotated[int, Field(strict=True, ge=1, le=_LARGEST), _SPELLED]
AtLeast16 = Annotated[int, Field(strict=True, ge=16, le=_LARGEST), _SPELLED]
Positive = Annotated[float, Field(strict=True, gt=0), _SPELLED]
Fraction = Annotated[float, Field(strict=True, gt=0, lt=1), _SPELLED]
Minutes = Annotated[Positive, Field(description="a number of minutes > 0")]
Gpus = Annotated[
    float,
    Field(strict=True, ge=0, description="0, a fraction of one GPU or a whole number of them"),
    _SPELLED,
    # Ray shares a GPU in fractions, and gives several only whole.
    must(lambda gpus: gpus <= 1 or gpus == int(gpus)),
]
Numbers = Annotated[
    dict[str, Annotated[Number, Field(description="a finite number")]],
    Field(default_factory=dict, description="a mapping of names to numbers"),
]
Text = Annotated[str, Field(strict=True)]
StudyName = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$",
        description="1 to 100 letters, digits, '-', '_' or '.', not beginning with '.'",
    ),
]
"""Also a folder's name, an MLflow experiment's and an Optuna study's."""


def one_of(what: str, known: Callable[[], Collection[str]]) -> BeforeValidator:
    """Not `Literal`, which would want its names a second time, and proposes no nearest one."""

    def check(given: object) -> object:
        if isinstance(given, str) and given not in known():
            raise InputError(unknown(what, given, known()))
        return given

    return BeforeValidator(check)


def _built_in_or_own(
    what: str, built_in: Collection[str], form: str
) -> Callable[[object], object]:
    def check(given: object) -> object:
        if not isinstance(given, str):
            return given
        if is_own(given):
            if not _OWN.fullmatch(given):
                raise InputError(f"your own {what} is written {form}, but got {show(given)}")
            module, _, name = given.partition(":")
            if module.endswith(".py"):
                rule = f"your own {what} is written without .py, {module[:-3]}:{name}"
                raise InputError(f"{rule}, but got {show(given)}")
        elif given not in built_in:
            raise InputError(f"{unknown(what, given, built_in)}; your own is written {form}")
        return given

    return check


TaskName = Annotated[
    Text, BeforeValidator(_built_in_or_own("task", BUILT_IN_TASKS, "package.module:function"))
]
_one_network = _built_in_or_own("network", BUILT_IN_NETWORKS, "package.module:factory")


def _networks(given: object) -> object:
    """Reads one network; or a list, which is a choice, under one name for all of them."""
    if not isinstance(given, (list, tuple)):
        return _one_network(given)
    for name in given:
        if not isinstance(name, str) or is_own(name):
            rule = "a list of networks takes built-in ones; one of your own stands alone"
            raise InputError(f"{rule}, but got {show(name)}")
        if name not in BUILT_IN_NETWORKS:
            raise InputError(unknown("network", name, BUILT_IN_NETWORKS))
        if given.count(name) > 1:
            raise InputError(f"values of a list must differ, but {show(name)} stands twice")
    if not given:
        raise InputError("a list needs at least one value, but got []")
    return joined_networks(given)


NetworkName = Annotated[Text, BeforeValidator(_networks)]


def _samplers() -> Collection[str]:
    # They need Optuna, which the name of a study alone does not.
    from search_spaces.samplers import SAMPLERS

    return SAMPLERS


SamplerName = Annotated[Text, one_of("sampler", _samplers)]
StatisticsName = Annotated[Text, one_of("statistics", lambda: STATISTICS)]
StopName = Annotated[Text, one_of("stop", lambda: STOPS)]

TRACKING_SCHEMES = ("http", "https", "sqlite", "postgresql", "mysql", "mssql", "databricks")
STORAGE_SCHEMES = ("sqlite", "postgresql", "mysql")


def _address(what: str, schemes: Sequence[str], *, or_path: bool) -> AfterValidator:
    """Not pydantic's URLs, which write an address otherwise than it was; empty is None.

    Only the scheme is quoted: what follows may hold a password.
    """

    def check(text: str | None) -> str | None:
        if text and ("://" in text or not or_path):
            scheme = text.partition(":")[0].partition("+")[0]
            if scheme not in schemes:
                got = text.partition("://")[0] if "://" in text else "no scheme"
                known = ", ".join(schemes)
                raise InputError(f"{what} must begin with one of {known}://, but got {got}")
        return text or None

    return AfterValidator(check)


TrackingUri = Annotated[Text | None, _address("MLflow's address", TRACKING_SCHEMES, or_path=False)]
TrackingDatabase = Annotated[
    Text | None, _address("the data base behind MLflow's server", STORAGE_SCHEMES, or_path=False)
]
Storage = Annotated[Text | None, _address("Optuna's data base", STORAGE_SCHEMES, or_path=True)]


def _as_it_came(given: object, check: Callable[[object], object]) -> object:
    check(given)
    return given


# Of pydantic's copy the texts would no longer hide what `${VAR}` was.
Option = Annotated[
    JsonValue,
    WrapValidator(_as_it_came),
    Field(description="text, a number, true or false, or a list or mapping of these"),
]
"""What JSON has: a study's options are kept with the study."""

EVERY = "every"

Schedule = list[int] | dict[str, int] | None


def _scheduled(given: object, info: ValidationInfo) -> object:
    if isinstance(given, Mapping):
        right = list(given) == [EVERY] and _is_whole(given[EVERY], least=1)
    else:
        listed = given if isinstance(given, list) else ()
        right = given is None or bool(listed) and all(_is_whole(step, least=0) for step in listed)
    if not right:
        rule = "must be a list of steps from 0 on, or every so many, as {every: 50}"
        raise InputError(f"{rule}, but got {show(given)}")
    steps = info.data.get("steps")
    if isinstance(given, list) and steps is not None and max(given) >= steps:
        raise InputError(f"must lie below steps, which is {steps}, but got {max(given)}")
    return given


def _is_whole(value: object, *, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


SharpnessSteps = Annotated[Schedule, BeforeValidator(_scheduled)]
"""When sharpness is measured: at these steps, every so many, or as the statistics say."""


def sharpness_steps(schedule: Schedule, steps: int) -> tuple[int, ...] | None:
    """Returns the steps that a schedule means in a training of so many; None where it is None."""
    if schedule is None:
        return None
    if isinstance(schedule, Mapping):
        return tuple(sorted({*range(0, steps, schedule[EVERY]), steps - 1}))
    return tuple(sorted(set(schedule)))
