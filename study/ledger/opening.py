"""Opening the Optuna study of a study, or making it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage

from study.errors import StorageUnavailable
from study.ledger.guard import Guard
from study.ledger.objective import OBJECTIVE
from study.ledger.plan import LedgerPlan
from study.ledger.storage import open_storage
from study.ledger.stored import known_study
from study.ledger.trial_ledger import TrialLedger
from study.secrets import masked, redacted


def open_planned_ledger(
    *,
    name: str,
    storage: str | Path,
    seed_of: Callable[[int], int],
    plan: Callable[[Mapping[str, Any], int], LedgerPlan],
    guard: Guard | None = None,
) -> TrialLedger:
    """Open the study, or make it, once it is known how its trials go on from those it has.

    Args:
        name: Name of the study.
        storage: Path of a journal file, or URL of a data base.
        seed_of: Seed of a trial by its number.
        plan: From the description that the study has (empty if there is none) and its number of
            trials. What it raises is raised before anything is made or changed.
        guard: Asked before each commit to the storage.

    Raises:
        StorageUnavailable: If the storage cannot be opened.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with ExitStack() as undo:
        opened = open_storage(storage)
        undo.callback(opened.close)
        if guard is not None:
            opened.guard(guard)
        try:
            stored, trials = known_study(name, opened.storage)
            made_now = not stored
            planned = plan(stored, trials)
            study = _load_or_create(name, opened.storage, planned.sampler)
            ledger = TrialLedger(study=study, storage=opened, plan=planned, seed_of=seed_of)
            if made_now or planned.description != stored:
                ledger.go_on(planned)
        except optuna.exceptions.StorageInternalError as error:
            reason = redacted(str(error), str(storage))
            raise StorageUnavailable(f"storage {masked(str(storage))} failed: {reason}") from None
        undo.pop_all()
        return ledger


def _load_or_create(name: str, storage: BaseStorage, sampler: BaseSampler) -> optuna.Study:
    try:
        # Not `create_study` at once, which writes even if the study exists.
        return optuna.load_study(study_name=name, storage=storage, sampler=sampler)
    except KeyError:
        study = optuna.create_study(
            study_name=name,
            storage=storage,
            sampler=sampler,
            direction="minimize",
            load_if_exists=True,
        )
    with warnings.catch_warnings():
        # Optuna calls names of metrics experimental; its dashboard and plots show them.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names([OBJECTIVE])
    return study
