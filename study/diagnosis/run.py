"""From a study file and some settings to the diagnosis of one configuration."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from search_spaces.catalogue import Value, network_of
from search_spaces.errors import InputError
from search_spaces.seeds import trial_seed
from study.diagnosis.diagnosis import Diagnosis, explanations, noticed
from study.diagnosis.expectation import expectation
from study.diagnosis.layer_gradients import layer_gradients
from study.diagnosis.measuring import affordable_statistics, cost_of
from study.diagnosis.moments import Beginning, Event, FirstLook, Moment, Watch
from study.diagnosis.pace import Pace
from study.diagnosis.search import BUDGET_S, Attempt, Search, is_clear, search_remedies
from study.diagnosis.single_changes import Candidate
from study.diagnosis.trained import Trained
from study.diagnosis.training import train
from study.preflight.configuration import Preflight, preflight
from study.preflight.size import frozen_notices
from study.study_file import StudyConfig, load_study_file

FIRST_ALONE_S = 2.0
"""Estimated time of all seeds from which the first is trained alone, so that it can be told of at
once; it may be several times as long for small networks. Below it, one cohort is quicker."""

LOOK_S = 5.0
"""Estimated time of one seed from which a single step is trained before, to have something to
tell: what a gradient is like at initialization is known at once."""


def diagnose(
    study: StudyConfig | str | Path,
    hyperparameters: Mapping[str, object] | None = None,
    *,
    seeds: int = 5,
    steps: int | None = None,
    remedies: int = 3,
    seconds: float = BUDGET_S,
    code: Sequence[Path] = (),
    watch: Watch = lambda event: None,
) -> Diagnosis:
    """Trains ONE configuration with several seeds, explains what happens and looks for remedies.

    Args:
        study: A study file or its path; gives task, network, steps and what is not set here.
        hyperparameters: Settings by name. What is not named is what the file fixes, or the
            catalogue's default where the file lets it vary.
        seeds: Seeds to train it with, >= 1.
        steps: Optimizer steps; None is the file's.
        remedies: Changes to look for if it is not stable; 0 looks for none.
        seconds: Time after which no further change is tried, > 0.
        code: Folders of the person's own modules.
        watch: Called with what is about to be trained, and with what is known, as it becomes so.

    Returns:
        The whole diagnosis; at a KeyboardInterrupt after the first seeds what is known by then,
        `interrupted`.

    Raises:
        InputError: If the study file or a setting breaks a rule.
        TrainingError: If training the configuration raises.
        KeyboardInterrupt: If it comes before the first seed is trained.
    """
    if seeds < 1 or remedies < 0:
        raise InputError(
            f"`seeds >= 1` and `remedies >= 0` must hold, but got {seeds} and {remedies}"
        )
    if not seconds > 0:
        raise InputError(f"`seconds > 0` must hold, but got {seconds}")
    config = study if isinstance(study, StudyConfig) else load_study_file(study, trials=1)
    if steps is not None:
        config = config.with_steps(steps)
    checked, settings = preflight(config, code=code), dict(hyperparameters or {})
    values = config.space.complete(settings)
    checked.check(values)
    making = _Making(
        checked=checked,
        settings=settings,
        values=values,
        seeds=tuple(trial_seed(config.seed, number) for number in range(seeds)),
        notices=(*frozen_notices([checked.cost(values)]), *checked.task_notices(values)),
        statistics=affordable_statistics(checked, values, seeds),
        watch=watch,
    )
    found = making.diagnosis(making.train())
    if found.interrupted:
        return found
    watch(found)
    if not remedies or is_clear(found.trained.stable, seeds):
        return found
    return dataclasses.replace(found, search=making.search(found.trained, remedies, seconds))


@dataclass(frozen=True, kw_only=True)
class _Making:
    """A diagnosis that is being made."""

    checked: Preflight
    settings: Mapping[str, object]
    values: Mapping[str, Value]
    seeds: tuple[int, ...]
    notices: tuple[str, ...]
    statistics: str
    watch: Watch

    def train(self) -> Trained:
        """Trains the seeds, the first alone where all of them take a while."""
        seconds = self.checked.seconds(self.values) * len(self.seeds)
        seconds *= 1 + cost_of(self.statistics, self.checked, self.values)
        self.watch(self._beginning(seconds))
        # Where seeds are trained one after another anyway, the first of them alone costs no more.
        early = seconds >= FIRST_ALONE_S or self.checked.trains_apart(self.values)
        alone = early and len(self.seeds) > 1
        if seconds >= LOOK_S * len(self.seeds):
            self.watch(self._first_look())
        first = self._train(self.seeds[:1] if alone else self.seeds)
        return self._and_others(first) if alone else first

    def _and_others(self, first: Trained) -> Trained:
        others = self.seeds[1:]
        try:
            self.watch(self.diagnosis(first))
            seconds = len(others) * first.seconds
            self.watch(Moment(changes=(), tried=0, total=0, stable=0, seconds=seconds))
            return first + self._train(others)
        except KeyboardInterrupt:
            return first

    def _first_look(self) -> FirstLook:
        (started,) = train(
            self.checked, [self.values], seeds=self.seeds[:1], statistics="standard", steps=1
        )
        trial, calls = started.trials.iloc[0], started.layers["calls"]
        return FirstLook(
            regime=None if pd.isna(trial["regime_initial"]) else str(trial["regime_initial"]),
            ratio=float(trial["delta_ratio_initial"]),
            time_steps=1 if calls.empty else int(calls.max()),
        )

    def _train(self, seeds: Sequence[int]) -> Trained:
        (trained,) = train(self.checked, [self.values], seeds=seeds, statistics=self.statistics)
        return trained

    def _beginning(self, seconds: float) -> Event:
        config = self.checked.config
        return Beginning(
            task=config.task,
            network=network_of(config.network, self.values),
            steps=config.steps,
            seeds=len(self.seeds),
            notices=self.notices,
            seconds=seconds,
        )

    def search(self, trained: Trained, wanted: int, budget_s: float) -> Search:
        """Looks for remedies; what is found before a KeyboardInterrupt is kept."""
        measured = 1 + cost_of(self.statistics, self.checked, self.values)
        pace = Pace(seeds=len(self.seeds), wanted=wanted, first_s=trained.seconds / measured)

        def report(now: Sequence[Candidate], before: Sequence[Attempt], total: int) -> None:
            self.watch(
                Moment(
                    changes=tuple(str(candidate.changes) for candidate in now),
                    tried=len(before),
                    total=total,
                    stable=sum(attempt.works for attempt in before),
                    seconds=pace.seconds_left(before, total=total, budget_s=budget_s),
                )
            )

        return search_remedies(
            self.checked,
            self.settings,
            trained,
            seeds=self.seeds,
            wanted=wanted,
            budget_s=budget_s,
            watch=report,
            found=self.watch,
        )

    def diagnosis(self, trained: Trained) -> Diagnosis:
        """Says what is known of what was trained so far."""
        config = self.checked.config
        verdict, rate = next(iter(trained.verdicts)), self.values["learning_rate"]
        assert isinstance(rate, (int, float))
        return Diagnosis(
            study=config.study,
            task=config.task,
            network=network_of(config.network, self.values),
            metric=self.checked.task.metric_name,
            steps_planned=config.steps,
            seeds_planned=len(self.seeds),
            trained=trained,
            explanations=explanations(trained.trials),
            gradients=layer_gradients(trained.layers),
            expectation=expectation(trained.trials, verdict=verdict, learning_rate=float(rate)),
            flags=noticed(trained.trials, "flags"),
            alarms=noticed(trained.trials, "alarms"),
            search=None,
            notices=self.notices,
        )
