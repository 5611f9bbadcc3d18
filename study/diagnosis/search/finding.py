"""The first changes that make a configuration stable, each found by training it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from study.diagnosis.search.attempt import Attempt, Remedy, Search
from study.diagnosis.search.combinations import Combine, combinations, no_combination
from study.diagnosis.search.training_rounds import Train, train_longer, try_once, works_so_far
from study.diagnosis.single_changes import Candidate
from study.diagnosis.trained import Trained
from study.diagnosis.training import Configuration

BUDGET = 100.0
"""What a search may cost: trainings of one seed for the configuration's own steps. A longer one
counts by its steps."""

BUDGET_S = 300.0
"""How long a search may take: what a person waits for."""

AT_ONCE = 6
"""Combinations that are tried in one round."""

Watch = Callable[[Sequence[Candidate], Sequence[Attempt]], None]
Found = Callable[[Remedy], None]


def find_remedies(
    candidates: Sequence[Candidate],
    train: Train,
    *,
    seeds: Sequence[int],
    steps: int,
    wanted: int,
    combine: Combine = no_combination,
    budget: float = BUDGET,
    budget_s: float = math.inf,
    watch: Watch = lambda now, before: None,
    found: Found = lambda remedy: None,
) -> Search:
    """Tries changes in their order until the first `wanted` that work are certain.

    A change works if it is stable with a clear majority of the seeds, the first of them included:
    one that fails with the first seed is not trained with the others. It has to stay so when it is
    trained three times as long. Of changes of one way the first that works is taken, and later
    ones are not tried. Changes of nearly the same size are trained at once, those that are the
    fix for the cause before all others. Where no change works alone, those that came nearest are
    combined, until the first round in which a combination works.

    Args:
        candidates: In the order in which they are to be listed.
        train: Trains them.
        seeds: Those that the configuration failed with.
        steps: Number of the steps that it failed with.
        wanted: How many to look for.
        combine: Makes a candidate of several changes; None where they do not go together.
        budget: Trainings of one seed for `steps` after which no further round is begun.
        budget_s: Seconds after which no further training is begun.
        watch: Called before each round with what is tried now, and with what was before.
        found: Called with each remedy as soon as it is certain.

    Returns:
        What was found; at a KeyboardInterrupt what was found until then.
    """
    counted = _Counted(train, steps, budget=budget, budget_s=budget_s)
    search = _Finding(candidates, counted, seeds, wanted, found)
    interrupted = False
    try:
        search.go_on(watch)
        if not search.has_remedies:
            search.combine(combine, watch)
    except KeyboardInterrupt:
        interrupted = True
    return search.result(interrupted=interrupted)


class _Counted:
    """Trains, and counts what that costs."""

    def __init__(self, train: Train, steps: int, *, budget: float, budget_s: float) -> None:
        self._train, self._steps = train, steps
        self._began_s = time.monotonic()
        self.budget, self.budget_s = budget, budget_s
        self.trainings = 0.0

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._began_s

    @property
    def is_spent(self) -> bool:
        """Whether nothing further may be begun."""
        return self.trainings >= self.budget or self.seconds >= self.budget_s

    def affordable(self, wanted: int) -> int:
        """Returns how many of so many trainings the time that is left allows, at least one."""
        if not self.trainings or math.isinf(self.budget_s):
            return wanted
        each_s = self.seconds / self.trainings
        return max(1, min(wanted, int((self.budget_s - self.seconds) / each_s)))

    def __call__(
        self, configurations: Sequence[Configuration], seeds: Sequence[int], steps: int
    ) -> list[Trained]:
        self.trainings += len(configurations) * len(seeds) * steps / self._steps
        return self._train(configurations, seeds, steps)


class _Finding:
    """The state of one search."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        train: _Counted,
        seeds: Sequence[int],
        wanted: int,
        found: Found,
    ) -> None:
        self._attempts: list[Attempt] = []
        self._candidates = list(candidates)
        self._train, self._seeds = train, seeds
        self._wanted, self._found = wanted, found
        self._left = list(range(len(candidates)))
        self._remedies: dict[int, Remedy] = {}

    @property
    def has_remedies(self) -> bool:
        """Whether something works."""
        return bool(self._remedies)

    def go_on(self, watch: Watch) -> None:
        """Tries what is left, round by round, as far as it can still matter."""
        while (now := self._next_round()) and not self._train.is_spent:
            now = now[: self._train.affordable(len(now))]
            watch([self._candidates[rank] for rank in now], self._attempts)
            self._try(now)

    def combine(self, combine: Combine, watch: Watch) -> None:
        """Tries combinations of what came nearest, until one works."""
        for number in (2, 3):
            some = combinations(self._attempts, number, combine)
            while some and not self._remedies and not self._train.is_spent:
                number_now = self._train.affordable(AT_ONCE)
                now, some = some[:number_now], some[number_now:]
                start = len(self._candidates)
                self._candidates += now
                watch(now, self._attempts)
                self._try(range(start, len(self._candidates)))

    def _next_round(self) -> list[int]:
        """Returns the first of each way, as far as they weigh about as much as the first."""
        last = self._last()
        taken = [remedy.changes.ways for remedy in self._remedies.values()]
        self._left = [
            rank
            for rank in self._left
            if rank < last
            and not any(ways <= self._candidates[rank].changes.ways for ways in taken)
        ]
        if not self._left:
            return []
        first = self._candidates[self._left[0]].changes
        firsts: dict[object, int] = {}
        for rank in self._left:
            changes = self._candidates[rank].changes
            if changes.fix == first.fix and changes.size <= math.floor(first.size) + 1:
                firsts.setdefault(changes.ways, rank)
        return list(firsts.values())

    def _try(self, now: Sequence[int]) -> None:
        """Trains candidates by their ranks, and what works so far for longer."""
        some = [self._candidates[rank] for rank in now]
        start = len(self._attempts)
        self._attempts += try_once(some, self._train, self._seeds)
        for number, rank in enumerate(now, start=start):
            attempt = self._attempts[number]
            if self._train.seconds >= self._train.budget_s:
                break
            if works_so_far(attempt, len(self._seeds)) and rank < self._last():
                sure = train_longer(self._candidates[rank], attempt, self._train, self._seeds)
                self._attempts[number] = sure
                self._certify(rank, sure)
        self._left = [rank for rank in self._left if rank not in now]

    def _certify(self, rank: int, attempt: Attempt) -> None:
        if attempt.trained is None or attempt.longer is None or attempt.lost:
            return
        remedy = Remedy(changes=attempt.changes, trained=attempt.trained, longer=attempt.longer)
        self._remedies[rank] = remedy
        self._found(remedy)

    def _last(self) -> int:
        """Once enough ways work, only what comes before the last of them can still matter."""
        ranks = sorted(self._remedies)
        return ranks[self._wanted - 1] if len(ranks) >= self._wanted else len(self._candidates)

    def result(self, *, interrupted: bool) -> Search:
        """What was found and tried so far."""
        ranks = sorted(self._remedies)[: self._wanted]
        return Search(
            remedies=tuple(self._remedies[rank] for rank in ranks),
            attempts=tuple(self._attempts),
            candidates=len(self._candidates),
            wanted=self._wanted,
            trainings=self._train.trainings,
            budget=self._train.budget,
            seconds=self._train.seconds,
            budget_s=self._train.budget_s,
            interrupted=interrupted,
        )
