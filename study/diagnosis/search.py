"""The smallest changes that make a configuration stable, each found by training it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from search_spaces.errors import InputError
from study.diagnosis.change import Change
from study.diagnosis.single_changes import Candidate
from study.diagnosis.trained import Trained
from study.diagnosis.training import Configuration
from study.errors import TrainingError

CLEAR_MAJORITY = 0.8
"""Share of the seeds that must be stable: near the boundary some are by chance."""

Train = Callable[[Sequence[Configuration], Sequence[int]], list[Trained]]
"""Trains configurations with seeds; one result a configuration."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Attempt:
    """A change that was tried.

    Attributes:
        change: It.
        trained: What came of it, with the first seed alone where it fails with that one; None
            where it could not be trained.
        error: Why it could not be trained.
    """

    change: Change
    trained: Trained | None
    error: str | None = None

    @property
    def stable(self) -> int:
        """Seeds with which it is stable."""
        return 0 if self.trained is None else self.trained.stable

    @property
    def seeds(self) -> int:
        """Seeds it was trained with."""
        return 0 if self.trained is None else self.trained.seeds


@dataclass(frozen=True, kw_only=True, eq=False)
class Remedy:
    """A change that makes the configuration stable, and its training with all seeds.

    Attributes:
        change: It.
        trained: The changed configuration.
    """

    change: Change
    trained: Trained


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """What was found and what was tried.

    Attributes:
        remedies: The smallest changes that work, one of each way, the smallest first.
        attempts: All that were tried, in the order of trying.
        candidates: Number of changes that there are to try.
        wanted: Number of remedies that were looked for.
    """

    remedies: tuple[Remedy, ...]
    attempts: tuple[Attempt, ...]
    candidates: int
    wanted: int


def is_clear(stable: int, seeds: int) -> bool:
    """Returns whether a clear majority of the seeds is stable."""
    return stable >= CLEAR_MAJORITY * seeds - 1e-9


def find_remedies(
    candidates: Sequence[Candidate],
    train: Train,
    *,
    seeds: Sequence[int],
    wanted: int,
    watch: Callable[[Sequence[Candidate], Sequence[Attempt]], None] = lambda now, before: None,
) -> Search:
    """Tries changes in order of their size until the `wanted` smallest that work are certain.

    A change works if it is stable with a clear majority of the seeds, the first of them included:
    one that fails with the first seed is not trained with the others. Of changes of one way the
    smallest that works is taken, and larger ones are not tried. Changes of nearly the same size
    are trained at once.

    Args:
        candidates: Sorted by size.
        train: Trains them.
        seeds: Those that the configuration failed with.
        wanted: How many to look for.
        watch: Called before each round with what is tried now, and with what was before.
    """
    rank = {id(candidate): number for number, candidate in enumerate(candidates)}
    left, attempts = list(candidates), list[Attempt]()
    remedies: dict[tuple[str, str], tuple[int, Remedy]] = {}
    while left:
        now = _next_round(left)
        watch(now, attempts)
        tried = _tried(now, train, seeds)
        attempts += tried
        for candidate, attempt in zip(now, tried, strict=True):
            if attempt.trained is not None and _works(attempt, len(seeds)):
                remedy = Remedy(change=attempt.change, trained=attempt.trained)
                remedies[attempt.change.way] = rank[id(candidate)], remedy
        # Once enough ways work, only what is smaller than the last of them can still matter.
        ranks = sorted(number for number, _ in remedies.values())
        last = ranks[wanted - 1] if len(ranks) >= wanted else len(candidates)
        done = {id(candidate) for candidate in now}
        left = [
            candidate
            for candidate in left
            if id(candidate) not in done
            and candidate.change.way not in remedies
            and rank[id(candidate)] < last
        ]
    best = sorted(remedies.values(), key=lambda ranked: ranked[0])[:wanted]
    return Search(
        remedies=tuple(remedy for _, remedy in best),
        attempts=tuple(attempts),
        candidates=len(candidates),
        wanted=wanted,
    )


def _works(attempt: Attempt, seeds: int) -> bool:
    return attempt.seeds == seeds and is_clear(attempt.stable, seeds)


def _next_round(left: Sequence[Candidate]) -> list[Candidate]:
    """Returns the first of each way, as far as they weigh about as much as the first of all."""
    limit = math.floor(left[0].change.size) + 1
    firsts: dict[tuple[str, str], Candidate] = {}
    for candidate in left:
        if candidate.change.size <= limit:
            firsts.setdefault(candidate.change.way, candidate)
    return list(firsts.values())


def _tried(now: Sequence[Candidate], train: Train, seeds: Sequence[int]) -> list[Attempt]:
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


def _joined(first: Attempt, second: Attempt) -> Attempt:
    if first.trained is None or second.trained is None:
        return second
    return Attempt(change=first.change, trained=first.trained + second.trained)


def _trained(candidates: Sequence[Candidate], train: Train, seeds: Sequence[int]) -> list[Attempt]:
    """Makes one attempt a candidate; where training raises, each alone, to see which raised."""
    if not candidates:
        return []
    try:
        results = train([candidate.hyperparameters for candidate in candidates], seeds)
    except (InputError, TrainingError) as error:
        if len(candidates) > 1:
            return [_trained([candidate], train, seeds)[0] for candidate in candidates]
        return [Attempt(change=candidates[0].change, trained=None, error=str(error))]
    return [
        Attempt(change=candidate.change, trained=result)
        for candidate, result in zip(candidates, results, strict=True)
    ]
