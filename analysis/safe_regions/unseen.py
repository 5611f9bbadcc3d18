"""Names that the study file lists and no trial had: no box may speak for them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.safe_regions.box import Box, Condition
from analysis.space.axes import choices, is_numeric, varied


def only_seen(trials: pd.DataFrame) -> list[Condition]:
    """Conditions that keep out names which the study file lists and no trial had."""
    found = []
    for name in varied(trials):
        if is_numeric(trials[name]):
            continue
        listed = [str(one) for one in choices(trials, name)]
        seen = {str(one) for one in trials[name].dropna().unique()}
        if set(listed) - seen:
            names = [*(one for one in listed if one in seen), *sorted(seen - set(listed))]
            found.append(Condition(name=name, names=tuple(names)))
    return found


def with_conditions(box: Box, forced: Sequence[Condition], order: Sequence[str]) -> Box:
    """The box with further conditions on hyperparameters that it leaves free, in file order."""
    held = {each.name for each in box.conditions}
    more = [each for each in forced if each.name not in held]
    conditions = sorted([*box.conditions, *more], key=lambda each: order.index(each.name))
    return Box(conditions=tuple(conditions))
