"""How far recording and delivering have come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What this invocation has recorded so far.

    Attributes:
        recorded: Trials whose rows are on disk.
        delivered: Trials that MLflow and Optuna know too, those of earlier runs included.
        to_deliver: Those, and the recorded trials that are still to be delivered.
        verdicts: Counts recorded trials by verdict.
        outage: Why MLflow or Optuna takes nothing at present; None while both do.
    """

    recorded: int
    delivered: int
    to_deliver: int
    verdicts: Mapping[str, int]
    outage: str | None
