"""The measure of convergence behind maps of trainability (Sohl-Dickstein, arXiv:2402.06184)."""

from __future__ import annotations

import numpy as np

from study.verdicts.published.recorded import Recorded
from study.verdicts.published.rule import Fires

SOURCE = "Sohl-Dickstein, 2024"


def not_converged(records: Recorded) -> Fires:
    """Converged is whose mean of the last 20 losses is below the first loss; a loss that is not
    finite counts as 1e6 times the first.

    Ours are the losses of batches, where the original takes those of a fixed set of examples. A
    trial that ended early is judged by the last 20 losses before its end.
    """
    first, last = records.figure("loss_initial"), records.figure("loss_final")
    return ~(last < first) | ~np.isfinite(last)
