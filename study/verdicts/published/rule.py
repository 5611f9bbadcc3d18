"""What a published rule is here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from study.verdicts.published.recorded import Recorded

Fires = npt.NDArray[np.bool_]
"""Whether a rule fires, by trial, (trials,)."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A published rule over what a study records.

    Attributes:
        source: Who published it, for people.
        condition: When it fires, for people: what of our statistics stands for the original's.
        fires: Says of each trial whether it would have fired at any time.
    """

    source: str
    condition: str
    fires: Callable[[Recorded], Fires]
