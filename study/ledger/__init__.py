"""Which trials exist and what became of them: an ordinary Optuna study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search_spaces.lazy_names import lazy_names

if TYPE_CHECKING:
    from study.errors import StorageUnavailable
    from study.ledger.objective import NEVER_TRAINED, objective_value
    from study.ledger.opening import open_planned_ledger
    from study.ledger.plan import LedgerPlan, SearchSpaceLike
    from study.ledger.results import RUN_TO_COME, TrialResult, trial_results
    from study.ledger.states import trial_failures, trial_states
    from study.ledger.stored import stored_study
    from study.ledger.trial_ledger import TrialLedger

_HOMES = {
    "LedgerPlan": "study.ledger.plan",
    "NEVER_TRAINED": "study.ledger.objective",
    "RUN_TO_COME": "study.ledger.results",
    "SearchSpaceLike": "study.ledger.plan",
    "StorageUnavailable": "study.errors",
    "TrialLedger": "study.ledger.trial_ledger",
    "TrialResult": "study.ledger.results",
    "objective_value": "study.ledger.objective",
    "open_planned_ledger": "study.ledger.opening",
    "stored_study": "study.ledger.stored",
    "trial_failures": "study.ledger.states",
    "trial_results": "study.ledger.results",
    "trial_states": "study.ledger.states",
}

__all__ = [
    "LedgerPlan",
    "NEVER_TRAINED",
    "RUN_TO_COME",
    "SearchSpaceLike",
    "StorageUnavailable",
    "TrialLedger",
    "TrialResult",
    "objective_value",
    "open_planned_ledger",
    "stored_study",
    "trial_failures",
    "trial_results",
    "trial_states",
]

__getattr__ = lazy_names(__name__, _HOMES)
