"""Which trials exist and what became of them: an ordinary Optuna study."""

from study.errors import StorageUnavailable
from study.ledger.objective import NEVER_TRAINED, objective_value
from study.ledger.opening import LedgerPlan, open_planned_ledger
from study.ledger.preview import preview
from study.ledger.results import RUN_TO_COME, TrialResult, trial_results
from study.ledger.states import trial_failures, trial_states
from study.ledger.stored import stored_study
from study.ledger.stored_trials import SearchSpaceLike
from study.ledger.trial_ledger import TrialLedger

__all__ = [
    "NEVER_TRAINED",
    "RUN_TO_COME",
    "LedgerPlan",
    "SearchSpaceLike",
    "StorageUnavailable",
    "TrialLedger",
    "TrialResult",
    "open_planned_ledger",
    "preview",
    "stored_study",
    "trial_failures",
    "trial_states",
    "objective_value",
    "trial_results",
]
