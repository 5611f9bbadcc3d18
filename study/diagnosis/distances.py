"""How far apart two values of a hyperparameter are; what sizes of changes are counted in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

Scale = Literal["names", "decades", "averaging", "units"]

Distance = Callable[[float, float], float]


def _same(before: float, after: float) -> float:
    return 0.0


def _decades(before: float, after: float) -> float:
    return abs(math.log10(after / before))


def _averaging(before: float, after: float) -> float:
    return _decades(1 - before, 1 - after)


def _units(before: float, after: float) -> float:
    return abs(after - before)


DISTANCES: Mapping[Scale, Distance] = MappingProxyType(
    {
        "names": _same,
        "decades": _decades,
        "averaging": _averaging,
        "units": _units,
    }
)
"""- `names`: 0; what a change of name weighs is fixed.
- `decades`: |log10(after / before)|.
- `averaging`: the same of 1 - value. Momentum m multiplies steps by 1 / (1 - m) in the long run,
  so that a change of m weighs what the same change of the learning rate does.
- `units`: |after - before|.
"""
