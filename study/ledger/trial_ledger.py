"""The trials of a study: asked, running, told."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import optuna
from optuna.trial import BaseTrial, FixedTrial, FrozenTrial, TrialState

from search_spaces.samplers import DESIGN
from study.ledger.draft import DraftTrial
from study.ledger.results import RUN_ATTRIBUTE, RUN_TO_COME, TrialResult
from study.ledger.storage import LedgerStorage, StorageUnavailable
from study.trial import HyperparameterValue, Trial

DESCRIPTION = "gradscape"
"""Study attribute that holds the study's description, for the check on resume."""

HOMES = "gradscape_homes"
"""Study attribute that lists where runs have kept the study's tables."""

FAILURE = "failure"
"""Trial attribute that says why infrastructure gave a trial up."""

NO_REASON = "no reason was kept"
"""Stands for it where there is none."""


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
        self._failures = {
            t.number: str(t.user_attrs.get(FAILURE, NO_REASON))
            for t in trials
            if t.state is TrialState.FAIL
        }
        self._completed_before = {t.number for t in trials if t.state is TrialState.COMPLETE}
        self._run_to_come = {
            t.number for t in trials if t.user_attrs.get(RUN_ATTRIBUTE) == RUN_TO_COME
        }
        self._next_number = len(trials)
        self._unclaimed: deque[int] = deque()
        self._answer_lost = False

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
                running=len(self._running), complete=self._complete, failed=len(self._failures)
            )

    @property
    def failures(self) -> dict[int, str]:
        """Why trials were given up, by number; those of earlier runs too."""
        with self._lock:
            return dict(self._failures)

    @property
    def homes(self) -> list[str]:
        """The places where runs of this study have kept its tables."""
        with self._lock:
            return list(self._study.user_attrs.get(HOMES, []))

    def add_home(self, place: str) -> None:
        """Takes note of a place where this study's tables are kept."""
        with self._lock:
            homes = self.homes
            if place not in homes:
                self._study.set_user_attr(HOMES, [*homes, place])

    def completed_without(self, recorded: Collection[int]) -> list[int]:
        """Trials that were complete when the ledger was opened and are none of these."""
        return sorted(self._completed_before.difference(recorded))

    def completed(self) -> int:
        """Number of trials that were told a value."""
        return self._complete

    def told_verdicts(self) -> list[tuple[Mapping[str, Any], str]]:
        """Values on the axes and verdict of each trial that was told, by their numbers."""
        with self._lock, self._storage.errors():
            trials = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            return [
                (trial.params, str(trial.user_attrs["verdict"]))
                for trial in trials
                if trial.user_attrs.get("verdict") is not None
            ]

    def describe(self, description: Mapping[str, Any]) -> None:
        """Replace the study's description (JSON), for example when its space was widened."""
        with self._lock:
            self._study.set_user_attr(DESCRIPTION, dict(description))

    @property
    def run_to_come(self) -> set[int]:
        """Trials that were complete when the ledger was opened, told without their MLflow runs."""
        return set(self._run_to_come)

    def check_reachable(self) -> None:
        """Raises StorageUnavailable if the storage does not answer, or takes no writes."""
        with self._lock, self._storage.errors(), self._storage.group():
            self._storage.storage.get_study_user_attrs(self._study_id)

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
                        self._claim_up_to(self._storage.storage.get_n_trials(self._study_id))
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
            StorageUnavailable: If the storage does not answer. Calling again tells what is left.
        """
        told = 0
        with self._lock, self._storage.errors(), self._storage.group():
            for result in results:
                if result.number in self._running:
                    self._tell_one(result)
                    self._running.discard(result.number)
                    self._complete += 1
                    told += 1
        return told

    def fail(self, number: int, reason: str) -> None:
        """Give a trial up for a reason that says nothing about its hyperparameters.

        Raises:
            StorageUnavailable: If the storage does not answer; calling again is safe.
        """
        with self._lock, self._storage.errors(), self._storage.group():
            if number not in self._running:
                return
            try:
                self._set_attributes(self._trial_id(number), {FAILURE: reason})
                self._study.tell(number, state=TrialState.FAIL)
            except optuna.exceptions.UpdateFinishedTrialError:
                pass  # The answer to an earlier attempt was lost.
            self._running.discard(number)
            self._failures[number] = reason

    def _tell_one(self, result: TrialResult) -> None:
        try:
            asked = _attributes(self._trial(result.number, {})).items()
            new = {
                key: value for key, value in result.attributes.items() if (key, value) not in asked
            }
            self._set_attributes(self._trial_id(result.number), new)
            self._study.tell(result.number, result.value)
        except optuna.exceptions.UpdateFinishedTrialError:
            # Another driver, which held the study for a while, has told it; or it was told here
            # and the answer was lost.
            pass

    def _ask_one(self) -> Trial:
        drafted = None if self._unclaimed else self._draft()
        number = self._unclaimed[0]
        if drafted is not None and drafted.number == number:
            trial = drafted
        else:
            trial = self._restore(self._frozen(number))
        self._unclaimed.popleft()
        return trial

    def _draft(self) -> Trial:
        """Samples the next trial and stores it, with all that it has, by one operation."""
        draft = DraftTrial(self._study, self._next_number)
        hyperparameters = self._space.suggest(draft)
        trial = self._trial(draft.number, hyperparameters, design=draft.design)
        finished = draft.finished(_attributes(trial))
        finished.number = draft.number
        trial_id = self._storage.storage.create_new_trial(self._study_id, finished)
        self._claim_up_to(self._storage.storage.get_trial_number_from_id(trial_id) + 1)
        return trial

    def _claim_up_to(self, end: int) -> None:
        """Trials that the storage has made for us, though it may not have said so."""
        new = range(self._next_number, end)
        self._running.update(new)
        self._unclaimed.extend(new)
        self._next_number = max(self._next_number, end)

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
                design=frozen.user_attrs.get(DESIGN),
            )
        return self._described(frozen.number, hyperparameters)

    def _described(self, number: int, values: Mapping[str, HyperparameterValue]) -> Trial:
        trial = self._trial(number, values)
        self._set_attributes(self._trial_id(number), _attributes(trial))
        return trial

    def _trial(
        self,
        number: int,
        values: Mapping[str, HyperparameterValue],
        *,
        design: str | None = None,
    ) -> Trial:
        return Trial(
            number=number,
            configuration=number // self._seeds,
            seed=self._seed_of(number),
            hyperparameters=dict(values),
            design=design,
        )

    def _frozen(self, number: int) -> FrozenTrial:
        return self._storage.storage.get_trial(self._trial_id(number))

    def _trial_id(self, number: int) -> int:
        storage = self._storage.storage
        return storage.get_trial_id_from_study_id_trial_number(self._study_id, number)

    def _set_attributes(self, trial_id: int, attributes: Mapping[str, Any]) -> None:
        for key, value in attributes.items():
            self._storage.storage.set_trial_user_attr(trial_id, key, value)


def _attributes(trial: Trial) -> dict[str, Any]:
    """What Optuna is to know of a trial from the beginning."""
    design = {} if trial.design is None else {DESIGN: trial.design}
    return {"configuration": trial.configuration, "seed": trial.seed, **design}
