"""From a configuration that is not stable to what was found to make it so."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from study.diagnosis.change import Change
from study.diagnosis.search.attempt import Attempt, Remedy, Search
from study.diagnosis.search.finding import BUDGET, find_remedies
from study.diagnosis.search.paced import with_pace
from study.diagnosis.single_changes import Candidate, candidates, combined
from study.diagnosis.situation import situation_of
from study.diagnosis.trained import Trained
from study.diagnosis.training import Configuration, train
from study.preflight.configuration import Preflight


def search_remedies(
    checked: Preflight,
    settings: Mapping[str, object],
    trained: Trained,
    *,
    seeds: Sequence[int],
    wanted: int,
    watch: Callable[[Sequence[Candidate], Sequence[Attempt], int], None],
    budget: float = BUDGET,
    budget_s: float = math.inf,
    found: Callable[[Remedy], None] = lambda remedy: None,
) -> Search:
    """Looks for what makes a configuration stable that is not.

    Args:
        checked: The study file.
        settings: Hyperparameters that the person set.
        trained: What became of the configuration; not stable with all seeds.
        seeds: Those that it was trained with.
        wanted: How many remedies to look for.
        watch: Called before each round with what is tried now, with what was tried before, and
            with the number of single changes that there are to try.
        budget: What it may cost: trainings of one seed for the study file's steps.
        budget_s: How long it may take.
        found: Called with each remedy as soon as it is certain.
    """
    space, steps = checked.config.space, checked.config.steps
    situation = situation_of(checked, trained)

    def combine(changes: Sequence[Change]) -> Candidate | None:
        return combined(space, settings, changes, steps=steps)

    singles = candidates(space, settings, situation)
    to_try = with_pace(singles, trained.hyperparameters["learning_rate"], combine)

    search = find_remedies(
        to_try,
        partial(_train_all, checked),
        seeds=seeds,
        steps=steps,
        wanted=wanted,
        combine=combine,
        budget=budget,
        budget_s=budget_s,
        watch=lambda now, before: watch(now, before, len(to_try)),
        found=found,
    )
    return dataclasses.replace(search, narrowed=situation.narrowed)


def _train_all(
    checked: Preflight,
    configurations: Sequence[Configuration],
    some: Sequence[int],
    steps: int,
) -> list[Trained]:
    for values in configurations:
        checked.check(values)
    return train(checked, configurations, seeds=some, statistics="standard", steps=steps)
