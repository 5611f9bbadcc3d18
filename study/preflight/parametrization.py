"""Whether a study's parametrizations go together with all else that its trials may have."""

from __future__ import annotations

from itertools import product

from search_spaces.catalogue import Value
from search_spaces.errors import InputError
from search_spaces.space import SearchSpace
from search_spaces.space.settings import Choice, Fixed, Setting
from study.engine.parametrizations import STANDARD, check_parametrization

_RULED = (
    "parametrization",
    "optimizer",
    "weight_decay",
    "initialization",
    "connections",
    "residual_scale",
    "normalization",
    "norm_position",
)
"""What the rules ask for."""


def check_parametrizations(space: SearchSpace) -> None:
    """Tries all that trials of a study may have beside their parametrization.

    Raises:
        InputError: If some would have what no rule is known for.
    """
    values = {
        entry.name: _values(entry.setting) for entry in space.entries if entry.name in _RULED
    }
    if set(values.get("parametrization", ())) <= {STANDARD}:
        return
    for combination in product(*values.values()):
        try:
            check_parametrization(dict(zip(values, combination, strict=True)))
        except ValueError as error:
            raise InputError(str(error), key="hyperparameters.parametrization") from error


def _values(setting: Setting) -> tuple[Value, ...]:
    if isinstance(setting, Fixed):
        return (setting.value,)
    return setting.values if isinstance(setting, Choice) else (setting.high,)
