"""`${VAR}` in a study file: read from the environment, never shown.

`${VAR:-text}` is `text` where VAR is unset or empty, as in a shell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from search_spaces.errors import InputError
from study.secrets import masked

_REFERENCE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
_ANY = re.compile(_REFERENCE.pattern + r"|\$\{")


class Expanded(str):
    """A text whose `${VAR}` has been read; its repr, and so every error, shows the reference."""

    written: str

    def __new__(cls, value: str, written: str = "") -> Expanded:
        text = super().__new__(cls, value)
        text.written = written
        return text

    def __repr__(self) -> str:
        return repr(masked(self.written))


def expand(given: object, environment: Mapping[str, str], *, key: str = "") -> object:
    """The same value with each `${VAR}` in its texts replaced.

    Args:
        given: A value of a study file: scalar, list or mapping.
        environment: The variables.
        key: Path of the value, for errors.

    Raises:
        InputError: If a variable is not set, or a `${` begins no reference.
    """
    if isinstance(given, Mapping):
        return {
            name: expand(value, environment, key=f"{key}.{name}" if key else str(name))
            for name, value in given.items()
        }
    if isinstance(given, (list, tuple)):
        return [expand(value, environment, key=key) for value in given]
    if isinstance(given, str) and "${" in given:
        return Expanded(_expand_text(given, environment, key), given)
    return given


def references(given: object) -> set[str]:
    """The variables without a default that a value of a study file refers to."""
    if isinstance(given, Mapping):
        return set().union(*(references(value) for value in given.values()))
    if isinstance(given, (list, tuple)):
        return set().union(*(references(value) for value in given))
    if not isinstance(given, str):
        return set()
    return {
        reference["name"]
        for reference in _REFERENCE.finditer(given)
        if reference["default"] is None
    }


def _expand_text(text: str, environment: Mapping[str, str], key: str) -> str:
    shown = repr(masked(text))

    def replacement(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        if name is None:
            raise InputError(f"`${{` must begin `${{NAME}}`, but got {shown}", key=key)
        value = environment.get(name)
        if default is not None:
            return value or default
        if value is None:
            raise InputError(f"environment variable {name} is not set; got {shown}", key=key)
        return value

    return _ANY.sub(replacement, text)
