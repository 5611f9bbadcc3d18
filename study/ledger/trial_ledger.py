"""The ledger keeps a study's trials: asked, running, told."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import optuna
from optuna.trial import TrialState

from study.errors import StorageUnavailable
from study.ledger.plan import LedgerPlan
from study.ledger.results import RUN_ATTRIBUTE, RUN_TO_COME, TrialResult
from study.ledger.storage import LedgerStorage
from study.ledger.stored_trials import StoredTrials, failures, verdicts
from study.trial import Trial

DESCRIPTION = "gradscape"
"""Study attribute that holds the study's description, for the check on resume."""

KEY = "gradscape_key"
"""Study attribute by which the study's runs are known in MLflow."""

HOMES = "gradscape_homes"
"""Study attribute that lists where runs have kept the study's tables."""


class TrialLedger:
    """An Optuna study seen as gradscape uses it; safe to call from several threads.

    The storage is read once, when the ledger is opened; afterwards the cost of a trial does not
    depend on how many there are.

    Args:
        study: The Optuna study.
        storage: Stores the operations of a whole cohort at once.
        plan: How its trials go on.
        seed_of: Seed of a trial by its number.
    """

    def __init__(
        self,
        *,
        study: optuna.Study,
        storage: LedgerStorage,
        plan: LedgerPlan,
        seed_of: Callable[[int], int],
    ) -> None:
        self._study = study
        self._storage = storage
        self._stored = StoredTrials(study=study, storage=storage, plan=plan, seed_of=seed_of)
        self._lock = threading.RLock()
        trials = study.get_trials(deepcopy=False)
        self._stored.waiting = {t.number for t in trials if t.state is TrialState.WAITING}
        running = {t.number for t in trials if t.state is TrialState.RUNNING}
        self._running = running | self._stored.waiting
        self._complete = sum(t.state is TrialState.COMPLETE for t in trials)
        self._failures = failures(trials)
        self._completed_before = {t.number for t in trials if t.state is TrialState.COMPLETE}
        self._run_to_come = {
            t.number for t in trials if t.user_attrs.get(RUN_ATTRIBUTE) == RUN_TO_COME
        }
        self._next_number = len(trials)
        self._unclaimed: deque[int] = deque()
        self._answer_lost = False

    def close(self) -> None:
        """Ends the connections to the storage; for when no trial is asked or told any more."""
        # Without the lock: a thread that waits for a silent server may hold it for minutes.
        self._storage.close()

    @property
    def name(self) -> str:
        """Name of the study."""
        return self._study.study_name

    @property
    def description(self) -> dict[str, Any]:
        """What the study was described as when it was made; empty for a foreign study."""
        with self._lock:
            return dict(self._study.user_attrs.get(DESCRIPTION, {}))

    @property
    def next_number(self) -> int:
        """Number that the next asked trial will get."""
        return self._next_number

    @property
    def failures(self) -> dict[int, str]:
        """Why trials failed, by number; those of earlier runs too."""
        with self._lock:
            return dict(self._failures)

    @property
    def homes(self) -> list[str]:
        """Folders where runs of this study have kept its tables, as `host:path`."""
        with self._lock:
            return list(self._study.user_attrs.get(HOMES, []))

    def key(self, new: Callable[[], str]) -> str:
        """By which MLflow knows the study's runs; a new one is kept with the study."""
        with self._lock, self._storage.errors():
            key = self._study.user_attrs.get(KEY)
            if key is None:
                self._study.set_user_attr(KEY, key := new())
            return str(key)

    def add_home(self, home: str) -> None:
        """Takes note of a folder, as `host:path`, where this study's tables are kept."""
        with self._lock:
            homes = self.homes
            if home not in homes:
                self._study.set_user_attr(HOMES, [*homes, home])

    def completed_without(self, recorded: Collection[int]) -> list[int]:
        """Trials that were complete when the ledger was opened and are none of these."""
        return sorted(self._completed_before.difference(recorded))

    def completed(self) -> int:
        """Number of trials that are COMPLETE."""
        return self._complete

    def completed_verdicts(self) -> list[tuple[Mapping[str, Any], str]]:
        """Values on the axes and verdict of each COMPLETE trial of the sampler, by number."""
        with self._lock, self._storage.errors():
            trials = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            return verdicts(trials)

    def go_on(self, plan: LedgerPlan) -> None:
        """Asks the trials to come as this plan has them, once the description says so.

        Raises:
            StorageUnavailable: If the storage does not answer; calling again is safe.
        """
        with self._lock, self._storage.errors():
            self._study.set_user_attr(DESCRIPTION, dict(plan.description))
            self._study.sampler = plan.sampler
            self._stored.go_on(plan)

    @property
    def run_to_come(self) -> set[int]:
        """Trials that were complete when the ledger was opened, told without their MLflow runs."""
        return set(self._run_to_come)

    def check_reachable(self) -> None:
        """Raises StorageUnavailable if the storage does not answer, or takes no writes."""
        with self._lock, self._storage.errors(), self._storage.group():
            self._stored.check()

    def ask(self, n: int) -> list[Trial]:
        """Sample ``n`` new trials; they are RUNNING until told or failed.

        Returns:
            The trials in the order of their numbers; all are in the storage before this returns.

        Raises:
            StorageUnavailable: If the storage does not answer. What it has made by then is given
                by the next call, so that no number is left out.
        """
        asked: list[Trial] = []
        with self._lock:
            try:
                with self._storage.errors(), self._storage.group():
                    if self._answer_lost:
                        self._claim_up_to(self._stored.made)
                        self._answer_lost = False
                    while len(asked) < n:
                        asked.append(self._ask_one())
            except StorageUnavailable:
                self._unclaimed.extendleft(trial.number for trial in reversed(asked))
                self._answer_lost = True
                raise
        return asked

    def unfinished(self) -> list[Trial]:
        """The RUNNING trials, as they were asked: same number, hyperparameters and seed."""
        with self._lock, self._storage.errors(), self._storage.group():
            return [self._stored.restore(number) for number in sorted(self._running)]

    def asked(self, numbers: Collection[int]) -> list[Trial]:
        """These trials as they were asked, whatever became of them."""
        with self._lock, self._storage.errors(), self._storage.group():
            return [self._stored.restore(number) for number in sorted(numbers)]

    def tell(self, number: int, value: float, attributes: Mapping[str, Any]) -> None:
        """Complete a trial; one that is not running (told before) is left alone.

        Args:
            number: Number of the trial.
            value: A finite number, see `objective_value`.
            attributes: User attributes, JSON-able; set before the trial is complete because
                Optuna refuses changes to finished trials.
        """
        self.tell_many([TrialResult(number=number, value=value, attributes=attributes)])

    def tell_many(self, results: Sequence[TrialResult]) -> int:
        """`tell` for the trials of a whole cohort with one write.

        Returns:
            How many of them were running and are complete now.

        Raises:
            StorageUnavailable: If the storage does not answer. Calling again tells what is left.
        """
        completed = 0
        with self._lock, self._storage.errors(), self._storage.group():
            for result in results:
                if result.number in self._running:
                    self._stored.complete(result)
                    self._running.discard(result.number)
                    self._complete += 1
                    completed += 1
        return completed

    def fail(self, number: int, reason: str) -> None:
        """Give a trial up for a reason that says nothing about its hyperparameters.

        Raises:
            StorageUnavailable: If the storage does not answer; calling again is safe.
        """
        with self._lock, self._storage.errors(), self._storage.group():
            if number not in self._running:
                return
            self._stored.fail(number, reason)
            self._running.discard(number)
            self._failures[number] = reason

    def _ask_one(self) -> Trial:
        drafted = None if self._unclaimed else self._draft()
        number = self._unclaimed[0]
        if drafted is not None and drafted.number == number:
            trial = drafted
        else:
            trial = self._stored.restore(number)
        self._unclaimed.popleft()
        return trial

    def _draft(self) -> Trial:
        trial, last = self._stored.draft(self._next_number)
        self._claim_up_to(last + 1)
        return trial

    def _claim_up_to(self, end: int) -> None:
        """Trials that the storage has made for us, though it may not have said so."""
        new = range(self._next_number, end)
        self._running.update(new)
        self._unclaimed.extend(new)
        self._next_number = max(self._next_number, end)
