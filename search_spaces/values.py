"""One value of a hyperparameter: from what a person wrote to its canonical form."""

from __future__ import annotations

import math
import re
from numbers import Integral, Real

from search_spaces.catalogue.hyperparameter import NONE, Hyperparameter, Value
from search_spaces.errors import InputError, unknown

# YAML 1.1 reads `1e-4` as text, because it wants a dot; people mean the number.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_OWN = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_LONGEST_SHOWN = 80


def show(given: object) -> str:
    """Writes a value as an error names it: like in YAML, on one line, shortened when long."""
    if given is None:
        return "nothing"
    if isinstance(given, bool):
        return str(given).lower()
    text = " ".join(repr(given).split())
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


def as_number(given: object) -> int | float | None:
    """Returns the finite number that ``given`` is or spells, else None. A bool is no number."""
    if isinstance(given, bool):
        return None
    if isinstance(given, Integral):
        return int(given)
    if isinstance(given, Real):
        return float(given) if math.isfinite(given) else None
    if isinstance(given, str) and len(given) <= 64 and _NUMBER.fullmatch(given.strip()):
        text = given.strip()
        return int(text) if re.fullmatch(r"[+-]?\d+", text) else as_number(float(text))
    return None


def read_value(hyperparameter: Hyperparameter, given: object) -> Value:
    """Reads the canonical value: int, float, or str; "none" for a number switched off.

    Raises:
        InputError: If ``given`` has the wrong type or lies outside the domain. Without a key.
    """
    if hyperparameter.kind == "name":
        return _read_name(hyperparameter, given)
    if hyperparameter.kind == "number-or-none" and (given is None or given == NONE):
        return NONE
    number = as_number(given)
    if number is not None and number in hyperparameter.interval:
        if hyperparameter.kind != "integer" and abs(number) <= 1e300:
            return float(number)
        if hyperparameter.kind == "integer" and number == int(number) and abs(number) < 2**63:
            return int(number)
    raise InputError(f"must be {hyperparameter.expected}, but got {show(given)}")


def _read_name(hyperparameter: Hyperparameter, given: object) -> str:
    if not isinstance(given, str) or not given:
        raise InputError(f"must be {hyperparameter.expected}, but got {show(given)}")
    if hyperparameter.own and _OWN.fullmatch(given):
        return given
    if hyperparameter.choices and given not in hyperparameter.choices:
        raise InputError(unknown(hyperparameter.name, given, hyperparameter.choices))
    return str(given)
