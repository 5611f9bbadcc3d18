"""What a rule of causes is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from study.verdicts.causes.cause import Cause
from study.verdicts.causes.signs import Signs
from study.verdicts.thresholds import Thresholds


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When a failure is put down to a cause, and what is said of it.

    Attributes:
        cause: It.
        holds: Tells for every trial whether the signs speak for it, (trials,); asked of trials
            that failed alone.
        says: Writes the clause with the evidence of one trial, without a full stop; "" where the
            sentence that follows has it all.
    """

    cause: Cause
    holds: Callable[[Signs, Thresholds], np.ndarray]
    says: Callable[[SimpleNamespace, Thresholds], str]
