"""Which trials are of one configuration: its seeds are no independent evidence."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def configuration_codes(trials: pd.DataFrame) -> NDArray[np.int64]:
    """Returns the number of the configuration of each trial [N], from 0 without gaps.

    Args:
        trials: Trials table; without a column `configuration` each trial is one of its own.
    """
    if "configuration" not in trials.columns:
        return np.arange(len(trials))
    return pd.factorize(trials["configuration"])[0].astype(np.int64)
