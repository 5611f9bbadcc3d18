"""Names that the study file lists and no trial had: no box may include them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.safe_regions.box import Box, Condition
from analysis.space.axes import choices, is_numeric, varied


def only_seen(trials: pd.DataFrame) -> list[Condition]:
    """Returns conditions that keep out names which the study file lists and no trial had."""
    conditions = []
    for name in varied(trials):
        if is_numeric(trials[name]):
            continue
        listed = [str(choice) for choice in choices(trials, name)]
        occurring = {str(value) for value in trials[name].dropna().unique()}
        if set(listed) - occurring:
            names = [value for value in listed if value in occurring]
            names += sorted(occurring - set(listed))
            conditions.append(Condition(name=name, names=tuple(names)))
    return conditions


def with_conditions(box: Box, forced: Sequence[Condition], order: Sequence[str]) -> Box:
    """Adds conditions on hyperparameters that a box leaves free, in file order."""
    held = {each.name for each in box.conditions}
    more = [each for each in forced if each.name not in held]
    conditions = sorted([*box.conditions, *more], key=lambda each: order.index(each.name))
    return Box(conditions=tuple(conditions))
