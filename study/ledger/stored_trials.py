"""Trials between a study's storage and their training: what is stored, and how it is read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import optuna
from optuna.trial import FixedTrial, FrozenTrial, TrialState

from search_spaces.samplers import CONFIRMING, DESIGN
from study.ledger.draft import DraftTrial
from study.ledger.plan import LedgerPlan
from study.ledger.results import TrialResult
from study.ledger.storage import LedgerStorage
from study.trial import HyperparameterValue, Trial

FAILURE = "failure"
"""Trial attribute that says why infrastructure gave a trial up."""

NO_REASON = "no reason was kept"
"""Stands for it where there is none."""


class StoredTrials:
    """The trials of one study by their numbers. Who calls keeps to one thread at a time.

    Args:
        study: The Optuna study.
        storage: Stores operations of several trials at once.
        plan: How the trials go on.
        seed_of: Seed of a trial by its number.

    Attributes:
        waiting: Trials whose end was torn off while it was written, see `JournalWithoutQueue`.
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
        self._storage = storage.storage
        self._span = storage.span
        self.go_on(plan)
        self._seed_of = seed_of
        self.waiting: set[int] = set()
        self._study_id = self._storage.get_study_id_from_name(study.study_name)

    def go_on(self, plan: LedgerPlan) -> None:
        """Trials that come are as this plan has them, and those that are there as they were."""
        self._space = plan.space
        self._numbering = plan.numbering
        self._numeric_lists = plan.numeric_lists

    @property
    def made(self) -> int:
        """How many the storage has."""
        return self._storage.get_n_trials(self._study_id)

    def check(self) -> None:
        """Reads something."""
        self._storage.get_study_user_attrs(self._study_id)

    def draft(self, number: int) -> tuple[Trial, int]:
        """Samples the next trial and stores it, with all that it has, by one operation.

        Returns:
            The trial, and the number that the storage gave: others may have come between.
        """
        draft = DraftTrial(self._study, number)
        hyperparameters = self._space.suggest(draft)
        trial = self._trial(draft.number, hyperparameters, design=draft.design)
        finished = draft.finished(_attributes(trial), numeric_lists=self._numeric_lists)
        finished.number = draft.number
        trial_id = self._storage.create_new_trial(self._study_id, finished)
        return trial, self._storage.get_trial_number_from_id(trial_id)

    def restore(self, number: int) -> Trial:
        """A trial as it was asked: same hyperparameters and seed."""
        frozen = self._storage.get_trial(self._id(number))
        try:
            hyperparameters = self._space.suggest(FixedTrial(frozen.params, frozen.number))
        except ValueError:
            # The writer died while this trial was sampled: Optuna keeps what was suggested and
            # samples the rest.
            begun = optuna.trial.Trial(self._study, self._id(number))
            hyperparameters = self._space.suggest(begun)
        trial = self._trial(number, hyperparameters, design=frozen.user_attrs.get(DESIGN))
        if "seed" in frozen.user_attrs:
            return replace(
                trial,
                configuration=frozen.user_attrs["configuration"],
                seed=frozen.user_attrs["seed"],
            )
        self._set_attributes(number, _attributes(trial))
        return trial

    def complete(self, result: TrialResult) -> None:
        """Tells a result; attributes that were set when the trial was asked are not set again.

        A finished trial is left alone: another driver, which held the study for a while, has
        told it; or it was told here and the answer was lost.
        """
        number = result.number
        self._begin(number)
        asked = _attributes(self._trial(number, {})).items()
        new = {key: given for key, given in result.attributes.items() if (key, given) not in asked}
        with suppress(optuna.exceptions.UpdateFinishedTrialError), self._span.of(result.span):
            self._set_attributes(number, new)
            self._study.tell(number, result.value)

    def fail(self, number: int, reason: str) -> None:
        """Tells Optuna that the trial failed, and why; a finished one is left alone too."""
        with suppress(optuna.exceptions.UpdateFinishedTrialError):
            self._begin(number)
            self._set_attributes(number, {FAILURE: reason})
            self._study.tell(number, state=TrialState.FAIL)

    def _begin(self, number: int) -> None:
        """Makes a trial that waits RUNNING: Optuna takes no result of another one."""
        if number in self.waiting:
            with suppress(optuna.exceptions.UpdateFinishedTrialError):
                self._storage.set_trial_state_values(self._id(number), TrialState.RUNNING)
            self.waiting.discard(number)

    def _trial(
        self,
        number: int,
        values: Mapping[str, HyperparameterValue],
        *,
        design: str | None = None,
    ) -> Trial:
        block = self._numbering.block(number)
        return Trial(
            number=number,
            configuration=self._numbering.configuration(number),
            seed=self._seed_of(number),
            hyperparameters=dict(values),
            design=design if block is None else CONFIRMING,
            confirms=None if block is None else block.text,
        )

    def _id(self, number: int) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)

    def _set_attributes(self, number: int, attributes: Mapping[str, Any]) -> None:
        trial_id = self._id(number)
        for key, value in attributes.items():
            self._storage.set_trial_user_attr(trial_id, key, value)


def verdicts(trials: Sequence[FrozenTrial]) -> list[tuple[Mapping[str, Any], str]]:
    """Values on the axes and verdict of each trial that has one, but of those that confirm."""
    return [
        (trial.params, str(trial.user_attrs["verdict"]))
        for trial in trials
        if trial.user_attrs.get("verdict") is not None
        and trial.user_attrs.get(DESIGN) != CONFIRMING
    ]


def failures(trials: Sequence[FrozenTrial]) -> dict[int, str]:
    """Why infrastructure gave trials up, by their numbers."""
    return {
        trial.number: str(trial.user_attrs.get(FAILURE, NO_REASON))
        for trial in trials
        if trial.state is TrialState.FAIL
    }


def _attributes(trial: Trial) -> dict[str, Any]:
    """What Optuna is to know of a trial from the beginning."""
    design = {} if trial.design is None else {DESIGN: trial.design}
    return {"configuration": trial.configuration, "seed": trial.seed, **design}
