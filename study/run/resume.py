"""What a run has to do on a study: what is done, what is left, what is missing here."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from search_spaces.errors import InputError
from search_spaces.seeds import trial_seed
from study.errors import TableError
from study.lease import Lease
from study.ledger import LedgerPlan, TrialLedger, open_planned_ledger
from study.paths import StudyPaths
from study.run.space_history import StudyPlan, plan_study
from study.secrets import masked
from study.study_file import StudyConfig
from study.tables import TableStore
from study.tables.damage import damaged_text, lost_trials, set_aside_damaged
from study.trial import Trial

_NAMED = 3
"""Homes that a message names."""


@dataclass(frozen=True, kw_only=True)
class ResumePlan:
    """What a run of a study still has to do, as its storage and tables say.

    Attributes:
        ledger: Asks for trials and takes their results, on the Optuna study.
        plan: What its trials are sampled from.
        redeliver: Trials whose rows are here, and MLflow or Optuna do not know them yet.
        retrain: Trials that were asked and have no rows here: to be trained with the same number,
            hyperparameters and seed.
        delivered: Trials whose rows are here, and Optuna knows them.
        new: Trials to be asked.
        total: Trials of the study when it is done, but for those that are yet to confirm a region.
        recorded: Trials whose rows are here.
        elsewhere: Trials that are complete and have no rows here.
        failed: Trials that were lost too often in earlier runs, with the reason.
        again: Trials among `retrain` whose rows were in parts that are damaged; Optuna and MLflow
            have them.
        damaged: What a person has to know of parts that were damaged; None if none were.
        homes: Other folders where runs of this study have kept its tables, as `host:path`.
    """

    ledger: TrialLedger
    plan: StudyPlan
    redeliver: Sequence[int]
    retrain: Sequence[Trial]
    delivered: frozenset[int]
    new: int
    total: int
    recorded: int
    elsewhere: Sequence[int]
    failed: Mapping[int, str]
    again: frozenset[int]
    damaged: str | None
    homes: Sequence[str]

    @property
    def nothing_left(self) -> bool:
        """Whether every trial is done and delivered, but for those that confirm a region."""
        return not (self.new or self.retrain or self.redeliver)

    @property
    def maybe_logged(self) -> frozenset[int]:
        """Trials to be trained that a run with other tables may have logged before it died."""
        if not self.homes:
            return self.again
        return frozenset(trial.number for trial in self.retrain)

    @property
    def missing_text(self) -> str | None:
        """What a person has to know of trials whose rows are elsewhere; None if there are none."""
        if not self.elsewhere:
            return None
        where = ", ".join(self.homes[-_NAMED:]) or "another home folder"
        count = len(self.elsewhere)
        return (
            f"{count} {'trial is' if count == 1 else 'trials are'} complete, but the rows are not "
            f"in this home folder: tables and report here are without them. They were recorded in "
            f"{where}; copy the files of its tables folder into the one here"
        )


@contextmanager
def plan_resume(
    config: StudyConfig, paths: StudyPaths, store: TableStore, lease: Lease
) -> Iterator[ResumePlan]:
    """Opens the study, or makes it, compares what Optuna and the tables know, and closes it.

    Args:
        config: The study file, which may ask for more trials or a changed space.
        paths: Files of the study in this home folder.
        store: Reads which trials have rows here.
        lease: The lease on the study, checked before each commit to the storage.

    Raises:
        InputError: If the study file's trials cannot join the study's, or the tables hold trials
            that the storage does not know.
        StorageUnavailable: If the storage cannot be opened.
    """
    ledger, plan = _open_ledger(config, paths, lease)
    with closing(ledger):
        yield _compare(config, paths, store, ledger, plan)


def _asked(plan: StudyPlan, ledger: TrialLedger) -> tuple[int, int]:
    """How many trials of the sampler there are, and how many that confirm regions."""
    numbering = plan.versions.numbering
    confirming = sum(each.trials for each in numbering.blocks)
    return numbering.place(ledger.next_number), confirming


def _compare(
    config: StudyConfig,
    paths: StudyPaths,
    store: TableStore,
    ledger: TrialLedger,
    plan: StudyPlan,
) -> ResumePlan:
    damaged = _check_tables(config, paths, store)
    recorded = store.recorded_trials()
    without_run = ledger.run_to_come & recorded
    if without_run:
        without_run -= store.recorded_runs().keys()
    _check_known(config, paths, recorded, ledger.next_number)
    asked, confirming = _asked(plan, ledger)
    here = f"{socket.gethostname()}:{paths.folder.resolve()}"
    if config.storage is not None:
        ledger.add_home(here)
    unfinished = ledger.unfinished()
    homes = [home for home in ledger.homes if home != here]
    elsewhere = set(ledger.completed_without(recorded))
    again = _again(paths, elsewhere, homes)
    redeliver = without_run.union(t.number for t in unfinished if t.number in recorded)
    return ResumePlan(
        ledger=ledger,
        plan=plan,
        redeliver=sorted(redeliver),
        delivered=frozenset(recorded - redeliver),
        retrain=[
            *(trial for trial in unfinished if trial.number not in recorded),
            *ledger.asked(again),
        ],
        new=max(0, config.trials - asked),
        total=max(config.trials, asked) + confirming,
        recorded=len(recorded),
        elsewhere=sorted(elsewhere - again),
        failed=ledger.failures,
        again=frozenset(again),
        damaged=damaged,
        homes=homes,
    )


def _check_tables(config: StudyConfig, paths: StudyPaths, store: TableStore) -> str | None:
    """What a person has to know of parts that are damaged, which are set aside."""
    damaged = set_aside_damaged(paths.tables)
    try:
        store.check_study(config.study)
    except TableError as error:
        raise InputError(str(error), file=config.file) from None
    return damaged_text(damaged) if damaged else None


def _again(paths: StudyPaths, elsewhere: set[int], homes: Sequence[str]) -> set[int]:
    """Which trials without rows here had them in parts that are damaged."""
    lost = lost_trials(paths.tables)
    # Where the rows of others may be in another home, parts of which nothing is known count as it.
    return elsewhere if lost.unknown and not homes else elsewhere & lost.trials


def _open_ledger(
    config: StudyConfig, paths: StudyPaths, lease: Lease
) -> tuple[TrialLedger, StudyPlan]:
    """The Optuna study, made if there is none, and what its trials are sampled from.

    Args:
        config: The study file, compared with what the storage holds.
        paths: Names the journal file where the study file names no storage.
        lease: The lease on the study, checked before each commit to the storage.

    Raises:
        InputError: If the study file's trials cannot join those that the study holds.
        StorageUnavailable: If the storage cannot be opened.
    """
    plans: list[StudyPlan] = []

    def plan(stored: Mapping[str, Any], trials: int) -> LedgerPlan:
        plans.append(now := plan_study(config, stored, trials))
        return now.for_ledger(config)

    ledger = open_planned_ledger(
        name=config.study,
        storage=config.storage or paths.journal,
        seed_of=lambda number: trial_seed(config.seed, number),
        plan=plan,
        guard=lease,
    )
    return ledger, plans[0]


def _check_known(config: StudyConfig, paths: StudyPaths, recorded: set[int], known: int) -> None:
    strangers = [number for number in recorded if number >= known]
    if strangers:
        storage = masked(config.storage or str(paths.journal))
        raise InputError(
            f"{paths.tables} holds {len(strangers)} trials that {storage} does not know, for "
            f"example {min(strangers)}: it is not the storage that they were run with; restore "
            f"that one, or give the study another name or --home",
            key="storage",
            file=config.file,
        )
