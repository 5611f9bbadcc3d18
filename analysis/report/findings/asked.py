"""Whether the maps that were asked for can be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from analysis.errors import AnalysisError
from analysis.space.axes import entry, matches
from analysis.space.cells import cells

_LISTED = 12


def check_asked(
    trials: pd.DataFrame, maps: Sequence[tuple[str, str | None]], where: Mapping[str, object]
) -> None:
    """Raises AnalysisError, naming the choices, if a map is none or no trial is left for them."""
    for x, y in maps:
        for name in (x, y):
            if name is not None:
                entry(trials, name)
        if x == y:
            raise AnalysisError(f"a map needs two different hyperparameters, but got {x} twice")
    if matches(trials, where).any():
        return
    for name, wanted in where.items():
        if not matches(trials, {name: wanted}).any():
            known = cells(trials, name).labels
            more = ", ..." if len(known) > _LISTED else ""
            raise AnalysisError(
                f"no trial has {name}={_text(wanted)}; "
                f"{name} took {', '.join(known[:_LISTED])}{more}"
            )
    together = " and ".join(f"{name}={_text(wanted)}" for name, wanted in where.items())
    raise AnalysisError(f"no trial has {together} at once")


def _text(wanted: object) -> str:
    values = wanted if isinstance(wanted, (list, tuple, set)) else [wanted]
    return ",".join(str(value) for value in values)
