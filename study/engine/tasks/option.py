"""One option of a task: from what a study file says to what the parameter's type asks for."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Sequence
from pathlib import Path

Reader = Callable[[object], object]


class OptionMismatch(ValueError):
    """The text says what the value should have been, such as "an integer"."""


def read_option(value: object, annotation: object) -> object:
    """Returns the value as its annotation wants it; unchanged where that is no plain type.

    Texts that spell a number are read as one, because an environment variable is always text,
    and because YAML takes `1e-4` for text.

    Raises:
        OptionMismatch: If the value is of another type.
    """
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in READERS:
        return READERS[annotation](value)
    if origin in (typing.Union, types.UnionType):
        return _read_union(value, arguments)
    if origin in (list, tuple, Sequence):
        if not isinstance(value, (list, tuple)):
            raise OptionMismatch("a list")
        items = [read_option(each, arguments[0]) for each in value]
        return tuple(items) if origin is tuple else items
    return value


def takes_path(annotation: object) -> bool:
    """Returns whether a parameter of this type takes the path of a file or folder."""
    if annotation is Path:
        return True
    return any(takes_path(each) for each in typing.get_args(annotation))


def _read_union(value: object, members: Sequence[object]) -> object:
    expected = []
    for member in members:
        try:
            return read_option(value, member)
        except OptionMismatch as error:
            expected.append(str(error))
    raise OptionMismatch(" or ".join(expected))


def _read_bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise OptionMismatch("true or false")


def _read_int(value: object) -> int:
    number = _number(value)
    if number is None or number != int(number):
        raise OptionMismatch("an integer")
    return int(number)


def _read_float(value: object) -> float:
    number = _number(value)
    if number is None:
        raise OptionMismatch("a number")
    return float(number)


def _number(value: object) -> int | float | None:
    """Returns the finite number that the value is or spells, or None."""
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            try:
                value = float(value)
            except ValueError:
                return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if abs(value) < float("inf") else None


def _read_text(value: object) -> str:
    if not isinstance(value, str):
        raise OptionMismatch("text")
    return str(value)


def _read_path(value: object) -> Path:
    if not isinstance(value, (str, Path)):
        raise OptionMismatch("a path")
    return Path(value)


def _read_none(value: object) -> None:
    if value is not None:
        raise OptionMismatch("nothing")


READERS: dict[object, Reader] = {
    bool: _read_bool,
    int: _read_int,
    float: _read_float,
    str: _read_text,
    Path: _read_path,
    types.NoneType: _read_none,
    None: _read_none,
}
