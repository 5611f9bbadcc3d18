"""The rules of a study file's keys, one reader each: from what was written to the value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence

from search_spaces.catalogue import BUILT_IN_NETWORKS, BUILT_IN_TASKS, is_own
from search_spaces.errors import InputError, unknown
from search_spaces.samplers import SAMPLERS
from search_spaces.values import as_number, show

_STUDY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_OWN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


def read_study(given: object) -> str:
    """A study's name: also a folder's, an MLflow experiment's and an Optuna study's."""
    text = _read_text(given)
    if not _STUDY.fullmatch(text):
        raise InputError(
            f"must be 1 to 100 letters, digits, '-', '_' or '.', not beginning with '.', "
            f"but got {show(given)}"
        )
    return text


def read_task(given: object) -> str:
    return _read_built_in_or_own(given, "task", BUILT_IN_TASKS, "package.module:function")


def read_network(given: object) -> str:
    return _read_built_in_or_own(given, "network", BUILT_IN_NETWORKS, "package.module:factory")


def read_sampler(given: object) -> str:
    text = _read_text(given)
    if text not in SAMPLERS:
        raise InputError(unknown("sampler", given, SAMPLERS))
    return text


STATISTICS = ("minimal", "standard", "full")
"""How much is measured, from nothing but the losses to the curvature of the loss."""


def read_statistics(given: object) -> str:
    text = _read_text(given)
    if text not in STATISTICS:
        raise InputError(unknown("statistics", given, STATISTICS))
    return text


def whole_number(low: int) -> Callable[[object], int]:
    """A reader of integers >= ``low``."""

    def read(given: object) -> int:
        number = as_number(given)
        if number is None or number != int(number) or not low <= number < 2**63:
            raise InputError(f"must be an integer >= {low}, but got {show(given)}")
        return int(number)

    return read


def read_workers(given: object) -> object:
    if given == "auto":
        return "auto"
    number = as_number(given)
    if number is None or number != int(number) or number < 1:
        raise InputError(f"must be auto or an integer >= 1, but got {show(given)}")
    return int(number)


def read_gpus(given: object) -> float:
    """GPUs of one worker; Ray shares a GPU in fractions, and gives several only whole."""
    number = as_number(given)
    if number is None or number < 0 or (number > 1 and number != int(number)):
        raise InputError(
            f"must be 0, a fraction of one GPU or a whole number of them, but got {show(given)}"
        )
    return float(number)


def read_minutes(given: object) -> float:
    number = as_number(given)
    if number is None or number <= 0:
        raise InputError(f"must be a number of minutes > 0, but got {show(given)}")
    return float(number)


TRACKING_SCHEMES = ("http", "https", "sqlite", "postgresql", "mysql", "mssql", "databricks")
STORAGE_SCHEMES = ("sqlite", "postgresql", "mysql")


def read_tracking_uri(given: object) -> str | None:
    """An address that MLflow understands; empty is None."""
    text = _read_text(given)
    if text and text.partition(":")[0].partition("+")[0] not in TRACKING_SCHEMES:
        raise InputError(_scheme_rule("MLflow's address", text, TRACKING_SCHEMES))
    return text or None


def read_storage(given: object) -> str | None:
    """A data base that Optuna understands, or the path of a journal file; empty is None."""
    text = _read_text(given)
    if "://" in text and text.partition(":")[0].partition("+")[0] not in STORAGE_SCHEMES:
        raise InputError(_scheme_rule("Optuna's data base", text, STORAGE_SCHEMES))
    return text or None


def _scheme_rule(what: str, text: str, schemes: Sequence[str]) -> str:
    # Only the scheme is quoted: what follows may hold a password.
    scheme = text.partition("://")[0] if "://" in text else "no scheme"
    return f"{what} must begin with one of {', '.join(schemes)}://, but got {scheme}"


def read_hyperparameters(given: object) -> Mapping[str, object]:
    if not isinstance(given, Mapping):
        raise InputError(f"must be a mapping of names to values, but got {show(given)}")
    return given


def read_task_options(given: object) -> dict[str, object]:
    """Arguments of the task's function; one without a value keeps the function's default."""
    if not isinstance(given, Mapping):
        raise InputError(f"must be a mapping of names to values, but got {show(given)}")
    for name, value in given.items():
        if not isinstance(name, str):
            raise InputError(f"names of options must be text, but got {show(name)}")
        if not _is_plain(value):
            raise InputError(
                f"must be text, a number, true or false, or a list or mapping of these, but got "
                f"{show(value)}",
                key=f"task_options.{name}",
            )
    return {name: value for name, value in given.items() if value is not None}


def _is_plain(value: object) -> bool:
    """Whether it is what JSON has: a study's options are kept with the study."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return all(_is_plain(each) for each in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, (str, bool, int))


def read_thresholds(given: object) -> dict[str, float]:
    if not isinstance(given, Mapping):
        raise InputError(f"must be a mapping of names to numbers, but got {show(given)}")
    thresholds = {}
    for name, value in given.items():
        number = as_number(value)
        if number is None:
            raise InputError(
                f"must be a finite number, but got {show(value)}", key=f"thresholds.{name}"
            )
        thresholds[str(name)] = float(number)
    return thresholds


def _read_text(given: object) -> str:
    if not isinstance(given, str):
        raise InputError(f"must be text, but got {show(given)}; put it in quotes")
    return str(given)


def _read_built_in_or_own(given: object, what: str, built_in: Collection[str], form: str) -> str:
    text = _read_text(given)
    if is_own(text):
        if not _OWN.fullmatch(text):
            raise InputError(f"your own {what} is written {form}, but got {show(given)}")
    elif text not in built_in:
        raise InputError(f"{unknown(what, given, built_in)}; your own is written {form}")
    return text
