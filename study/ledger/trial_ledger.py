"""The trials of a study: asked, running, told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import optuna
from optuna.trial import BaseTrial, FixedTrial, FrozenTrial, TrialState

from study.ledger.results import TrialResult
from study.ledger.storage import LedgerStorage
from study.trial import HyperparameterValue, Trial

DESCRIPTION = "gradscape"
"""Study attribute that holds the study's description, for the check on resume."""

FAILURE = "failure"
"""Trial attribute that says why infrastructure gave a trial up."""


class SearchSpaceLike(Protocol):
    """What the ledger needs of a search space."""

    def suggest(self, trial: BaseTrial, /) -> Mapping[str, HyperparameterValue]:
        """Every hyperparameter of this trial, fixed ones included."""


@dataclass(frozen=True, kw_only=True)
class LedgerCounts:
    """How many trials there are in each state."""

    running: int
    complete: int
    failed: int


class TrialLedger:
    """An Optuna study seen as gradscape uses it; safe to call from several threads.

    The storage is read once, when the ledger is opened; afterwards the cost of a trial does not
    depend on how many there are.

    Args:
        study: The Optuna study.
        storage: Its storage.
        space: Suggests the hyperparameters of a trial.
        seeds: Trials a configuration; trial number // seeds is its configuration.
        seed_of: Seed of a trial by its number.
    """

    def __init__(
        self,
        *,
        study: optuna.Study,
        storage: LedgerStorage,
        space: SearchSpaceLike,
        seeds: int,
        seed_of: Callable[[int], int],
    ) -> None:
        self._study = study
        self._storage = storage
        self._space = space
        self._seeds = seeds
        self._seed_of = seed_of
        self._lock = threading.RLock()
        self._study_id = storage.storage.get_study_id_from_name(study.study_name)
        trials = study.get_trials(deepcopy=False)
        self._running = {t.number for t in trials if t.state is TrialState.RUNNING}
        self._complete = sum(t.state is TrialState.COMPLETE for t in trials)
        self._failed = sum(t.state is TrialState.FAIL for t in trials)
        self._next_number = len(trials)

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
    def counts(self) -> LedgerCounts:
        """Trials by state."""
        with self._lock:
            return LedgerCounts(
                running=len(self._running), complete=self._complete, failed=self._failed
            )

    def completed(self) -> int:
        """Number of trials that were told a value."""
        return self._complete

    def describe(self, description: Mapping[str, Any]) -> None:
        """Replace the study's description (JSON), for example when its space was widened."""
        with self._lock:
            self._study.set_user_attr(DESCRIPTION, dict(description))

    def ask(self, n: int) -> list[Trial]:
        """Sample ``n`` new trials; they are RUNNING until told or failed.

        Returns:
            The trials in the order of their numbers; all are in the storage before this returns.
        """
        with self._lock, self._storage.group():
            return [self._ask_one() for _ in range(n)]

    def unfinished(self) -> list[Trial]:
        """The RUNNING trials, as they were asked: same number, hyperparameters and seed."""
        with self._lock, self._storage.group():
            return [self._restore(self._frozen(number)) for number in sorted(self._running)]

    def tell(self, number: int, value: float, attributes: Mapping[str, Any]) -> None:
        """Complete a trial; one that is not running (told before) is left alone.

        Args:
            number: Number of the trial.
            value: A finite number, see `told_value`.
            attributes: User attributes, JSON-able; set before the trial is complete because
                Optuna refuses changes to finished trials.
        """
        self.tell_many([TrialResult(number=number, value=value, attributes=attributes)])

    def tell_many(self, results: Sequence[TrialResult]) -> int:
        """`tell` for the trials of a whole cohort with one write.

        Returns:
            How many of them were running and are complete now.

        Raises:
            OSError: If the journal could not be written. Calling again tries to write again.
        """
        told = 0
        with self._lock, self._storage.group():
            for result in results:
                if result.number in self._running:
                    self._set_attributes(self._trial_id(result.number), result.attributes)
                    self._study.tell(result.number, result.value)
                    self._running.discard(result.number)
                    self._complete += 1
                    told += 1
        return told

    def fail(self, number: int, reason: str) -> None:
        """Give a trial up for a reason that says nothing about its hyperparameters."""
        with self._lock:
            if number not in self._running:
                return
            with self._storage.group():
                self._set_attributes(self._trial_id(number), {FAILURE: reason})
                self._study.tell(number, state=TrialState.FAIL)
            self._running.discard(number)
            self._failed += 1

    def _ask_one(self) -> Trial:
        asked = self._study.ask()
        self._running.add(asked.number)
        self._next_number = max(self._next_number, asked.number + 1)
        return self._described(asked.number, self._space.suggest(asked))

    def _restore(self, frozen: FrozenTrial) -> Trial:
        try:
            hyperparameters = self._space.suggest(FixedTrial(frozen.params, frozen.number))
        except ValueError:
            # The writer died while this trial was sampled: Optuna keeps what was suggested and
            # samples the rest.
            trial_id = self._trial_id(frozen.number)
            hyperparameters = self._space.suggest(optuna.trial.Trial(self._study, trial_id))
        if "seed" in frozen.user_attrs:
            return Trial(
                number=frozen.number,
                configuration=frozen.user_attrs["configuration"],
                seed=frozen.user_attrs["seed"],
                hyperparameters=hyperparameters,
            )
        return self._described(frozen.number, hyperparameters)

    def _described(self, number: int, values: Mapping[str, HyperparameterValue]) -> Trial:
        trial = Trial(
            number=number,
            configuration=number // self._seeds,
            seed=self._seed_of(number),
            hyperparameters=dict(values),
        )
        attributes = {"configuration": trial.configuration, "seed": trial.seed}
        self._set_attributes(self._trial_id(number), attributes)
        return trial

    def _frozen(self, number: int) -> FrozenTrial:
        return self._storage.storage.get_trial(self._trial_id(number))

    def _trial_id(self, number: int) -> int:
        storage = self._storage.storage
        return storage.get_trial_id_from_study_id_trial_number(self._study_id, number)

    def _set_attributes(self, trial_id: int, attributes: Mapping[str, Any]) -> None:
        for key, value in attributes.items():
            self._storage.storage.set_trial_user_attr(trial_id, key, value)
