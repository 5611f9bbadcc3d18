"""Training what is tried in one round: one seed of each, then the others of what is hopeful."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from search_spaces.errors import InputError
from study.diagnosis.search.attempt import Attempt, is_clear
from study.diagnosis.single_changes import Candidate
from study.diagnosis.trained import Trained
from study.diagnosis.training import Configuration
from study.errors import TrainingError

LONGER = 3
"""How many times the steps a change has to stay stable for, before it is said to work."""

LONGER_SEEDS = 2
"""Seeds that it is trained longer with: those that were stable first."""

Train = Callable[[Sequence[Configuration], Sequence[int], int], list[Trained]]
"""Trains configurations with seeds for a number of steps; one result a configuration."""


def try_once(now: Sequence[Candidate], train: Train, seeds: Sequence[int]) -> list[Attempt]:
    """Trains each with the first seed, and with the others what is stable with that one.

    Returns:
        One attempt a candidate, in their order.
    """
    first = _trained(now, train, seeds[:1])
    if len(seeds) == 1:
        return first
    hopeful = [candidate for candidate, attempt in zip(now, first, strict=True) if attempt.stable]
    later = _trained(hopeful, train, seeds[1:])
    rest = {id(candidate): attempt for candidate, attempt in zip(hopeful, later, strict=True)}
    return [
        _joined(attempt, rest[id(candidate)]) if id(candidate) in rest else attempt
        for candidate, attempt in zip(now, first, strict=True)
    ]


def works_so_far(attempt: Attempt, seeds: int) -> bool:
    """Returns whether it was trained with all seeds, and is stable with nearly all."""
    return attempt.seeds == seeds and is_clear(attempt.stable, seeds)


def train_longer(
    candidate: Candidate, attempt: Attempt, train: Train, seeds: Sequence[int]
) -> Attempt:
    """Trains what works so far for three times the steps, with seeds that were stable.

    What only postpones a failure is lost by then. The steps of a warm-up, and of a decay that are
    given as a number, stay what they are: it is what a person gets who changes `steps` alone.

    Returns:
        The attempt with what came of it; with an error where it could not be trained longer.
    """
    assert attempt.trained is not None
    good = attempt.trained.stable_rows
    some = [seed for seed, stable in zip(seeds, good, strict=True) if stable][:LONGER_SEEDS]
    longer = dataclasses.replace(candidate, steps=LONGER * candidate.steps)
    (result,) = _trained([longer], train, some)
    return dataclasses.replace(attempt, longer=result.trained, error=result.error)


def _joined(first: Attempt, second: Attempt) -> Attempt:
    if first.trained is None or second.trained is None:
        return second
    return Attempt(changes=first.changes, trained=first.trained + second.trained)


def _trained(candidates: Sequence[Candidate], train: Train, seeds: Sequence[int]) -> list[Attempt]:
    """Makes one attempt a candidate, those of as many steps together."""
    results: dict[int, Attempt] = {}
    for steps in dict.fromkeys(candidate.steps for candidate in candidates):
        same = [candidate for candidate in candidates if candidate.steps == steps]
        for candidate, attempt in zip(same, _together(same, train, seeds, steps), strict=True):
            results[id(candidate)] = attempt
    return [results[id(candidate)] for candidate in candidates]


def _together(
    candidates: Sequence[Candidate], train: Train, seeds: Sequence[int], steps: int
) -> list[Attempt]:
    """Where training raises, trains each alone, to see which raised."""
    configurations = [candidate.hyperparameters for candidate in candidates]
    try:
        results = train(configurations, seeds, steps)
    except (InputError, TrainingError) as error:
        if len(candidates) > 1:
            return [_together([each], train, seeds, steps)[0] for each in candidates]
        return [Attempt(changes=candidates[0].changes, trained=None, error=str(error))]
    return [
        Attempt(changes=candidate.changes, trained=result)
        for candidate, result in zip(candidates, results, strict=True)
    ]
