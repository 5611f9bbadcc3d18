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
from study.trial import NONE


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
        partial(train_changed, checked, trained),
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


def train_changed(
    checked: Preflight,
    before: Trained,
    configurations: Sequence[Configuration],
    some: Sequence[int],
    steps: int,
) -> list[Trained]:
    """Trains the changed; where a change makes labels count the same, so does the metric.

    One in which each example counts shows next to nothing of what is found of a rare label, and
    each frequent example that this costs.

    Args:
        checked: The study file.
        before: What became of the configuration as it was.
        configurations: The changed ones.
        some: Seeds.
        steps: Optimizer steps.

    Returns:
        One result a configuration, in their order.
    """
    results: dict[int, Trained] = {}
    for by_label in (False, True):
        ranks = [
            rank
            for rank, values in enumerate(configurations)
            if is_measured_by_label(before.hyperparameters, values) is by_label
        ]
        together = [configurations[rank] for rank in ranks]
        measured = checked.with_balanced_metric() if by_label else checked
        for values in together:
            measured.check(values)
        if together:
            found = train(measured, together, seeds=some, statistics="standard", steps=steps)
            results.update(zip(ranks, found, strict=True))
    return [results[rank] for rank in range(len(configurations))]


def is_measured_by_label(before: Configuration, after: Configuration) -> bool:
    """Returns whether a change makes each label count the same, and is to be measured so."""
    name = "class_weights"
    return after.get(name, NONE) != NONE and before.get(name, NONE) == NONE
