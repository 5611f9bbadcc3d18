"""Which published rules would have fired for each trial."""

from __future__ import annotations

import numpy as np
import pandas as pd

from study.verdicts.published.recorded import Booleans, recorded
from study.verdicts.published.registry import RULES


def fired(trials: pd.DataFrame, steps: pd.DataFrame | None, layers: pd.DataFrame) -> Booleans:
    """Every rule on every trial, (trials, rules), rules as in `RULES`.

    Args:
        trials: Figures of the trials table and, where they exist, the hyperparameters `activation`
            and `batch_size`.
        steps: Their recorded steps. Without them rules on steps do not fire.
        layers: Their recorded layers; rules on layers do not fire for trials without rows, nor
            where a column of `LAYER_COLUMNS` is missing. Rows of other trials are ignored.
    """
    seen = recorded(trials, steps, layers)
    return np.column_stack([rule.fires(seen) for rule in RULES.values()])


def alarms(trials: pd.DataFrame, steps: pd.DataFrame | None, layers: pd.DataFrame) -> list[str]:
    """The column `alarms`: names of the rules that fire, joined by commas; "" where none does.

    Args:
        trials: As for `fired`.
        steps: As for `fired`.
        layers: As for `fired`.
    """
    bits = 2 ** np.arange(len(RULES))
    sets, place = np.unique(fired(trials, steps, layers) @ bits, return_inverse=True)
    joined = [
        ",".join(name for name, bit in zip(RULES, bits, strict=True) if one & bit) for one in sets
    ]
    return [joined[one] for one in place]
