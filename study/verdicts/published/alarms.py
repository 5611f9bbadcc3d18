"""Which published rules would have fired for each trial."""

from __future__ import annotations

import numpy as np
import pandas as pd

from study.verdicts.published.recorded import Booleans, recorded
from study.verdicts.published.registry import RULES


def fired(trials: pd.DataFrame, steps: pd.DataFrame | None, layers: pd.DataFrame) -> Booleans:
    """Applies every rule to every trial, (trials, rules), rules as in `RULES`.

    Args:
        trials: Figures of the trials table and, where they exist, the hyperparameters `activation`
            and `batch_size`.
        steps: Their recorded steps. Without them rules on steps do not fire.
        layers: Their recorded layers; rules on layers do not fire for trials without rows, nor
            where a column of `LAYER_COLUMNS` is missing. Rows of other trials are ignored.
    """
    records = recorded(trials, steps, layers)
    return np.column_stack([rule.fires(records) for rule in RULES.values()])


def alarms(trials: pd.DataFrame, steps: pd.DataFrame | None, layers: pd.DataFrame) -> list[str]:
    """Makes the column `alarms`: rules that fire, joined by commas; "" where none does.

    Args:
        trials: What `fired` needs of the trials table.
        steps: Their recorded steps, if they are at hand.
        layers: Their recorded layers; rows of other trials are ignored.
    """
    bits = 2 ** np.arange(len(RULES))
    # Few sets of rules occur in a study: each is a sum of bits, and is written out once.
    sets, set_of_trial = np.unique(fired(trials, steps, layers) @ bits, return_inverse=True)
    joined = [
        ",".join(name for name, bit in zip(RULES, bits, strict=True) if fired_set & bit)
        for fired_set in sets
    ]
    return [joined[index] for index in set_of_trial]
