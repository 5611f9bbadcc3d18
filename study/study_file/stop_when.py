"""The study file's key `stop_when`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from search_spaces.errors import InputError, unknown
from search_spaces.values import as_number, show


@dataclass(frozen=True, kw_only=True)
class StopWhen:
    """Ends a study before its number of trials is reached.

    Attributes:
        map_change: Mean absolute change of the probability of stable over the space, between
            one look and the next, below which a look counts as quiet; 0 to 1.
        every: Trials between two looks.
        looks: Quiet looks in a row that end the study.
    """

    map_change: float
    every: int = 128
    looks: int = 3


_KEYS = ("map_change", "every", "looks")


def read_stop_when(given: object) -> StopWhen | None:
    """What `stop_when` says; None where it says nothing.

    Raises:
        InputError: If it is no mapping, has an unknown key, or a value is out of range.
    """
    if given is None or isinstance(given, StopWhen):
        return given
    if not isinstance(given, Mapping):
        raise InputError(f"must be a mapping such as {{map_change: 0.01}}, but got {show(given)}")
    for key in given:
        if key not in _KEYS:
            raise InputError(unknown("key", str(key), _KEYS), key=f"stop_when.{key}")
    if "map_change" not in given:
        raise InputError("needs map_change, for example {map_change: 0.01}")
    change = as_number(given["map_change"])
    if change is None or not 0 < change < 1:
        raise InputError(
            f"must be a number between 0 and 1, but got {show(given['map_change'])}",
            key="stop_when.map_change",
        )
    every = _whole(given, "every", StopWhen.every, least=16)
    looks = _whole(given, "looks", StopWhen.looks, least=1)
    return StopWhen(map_change=float(change), every=every, looks=looks)


def _whole(given: Mapping[object, object], key: str, default: int, *, least: int) -> int:
    number = as_number(given.get(key, default))
    if number is None or number != int(number) or number < least:
        raise InputError(
            f"must be an integer >= {least}, but got {show(given[key])}", key=f"stop_when.{key}"
        )
    return int(number)
