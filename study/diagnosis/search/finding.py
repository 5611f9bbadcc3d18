"""The first changes that make a configuration stable, each found by training it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from study.diagnosis.search.attempt import Attempt, Remedy, Search
from study.diagnosis.search.training_rounds import Train, train_longer, try_once, works_so_far
from study.diagnosis.single_changes import Candidate

Watch = Callable[[Sequence[Candidate], Sequence[Attempt]], None]
Found = Callable[[Remedy], None]


def find_remedies(
    candidates: Sequence[Candidate],
    train: Train,
    *,
    seeds: Sequence[int],
    wanted: int,
    watch: Watch = lambda now, before: None,
    found: Found = lambda remedy: None,
) -> Search:
    """Tries changes in their order until the first `wanted` that work are certain.

    A change works if it is stable with a clear majority of the seeds, the first of them included:
    one that fails with the first seed is not trained with the others. It has to stay so when it is
    trained three times as long. Of changes of one way the first that works is taken, and later
    ones are not tried. Changes of nearly the same size are trained at once.

    Args:
        candidates: In the order in which they are to be listed.
        train: Trains them.
        seeds: Those that the configuration failed with.
        wanted: How many to look for.
        watch: Called before each round with what is tried now, and with what was before.
        found: Called with each remedy as soon as it is certain.

    Returns:
        What was found; at a KeyboardInterrupt what was found until then.
    """
    search = _Finding(candidates, train, seeds, wanted, found)
    interrupted = False
    try:
        while now := search.next_round():
            watch(now, search.attempts)
            search.try_round(now)
    except KeyboardInterrupt:
        interrupted = True
    return search.result(interrupted=interrupted)


class _Finding:
    """The state of one search."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        train: Train,
        seeds: Sequence[int],
        wanted: int,
        found: Found,
    ) -> None:
        self.attempts: list[Attempt] = []
        self._candidates, self._train, self._seeds = candidates, train, seeds
        self._wanted, self._found = wanted, found
        self._left = list(range(len(candidates)))
        self._remedies: dict[int, Remedy] = {}

    def next_round(self) -> list[Candidate]:
        """Returns the first of each way, as far as they weigh about as much as the first."""
        last = self._last()
        taken = {remedy.changes.ways for remedy in self._remedies.values()}
        self._left = [
            rank
            for rank in self._left
            if rank < last and self._candidates[rank].changes.ways not in taken
        ]
        if not self._left:
            return []
        limit = math.floor(self._candidates[self._left[0]].changes.size) + 1
        firsts: dict[object, int] = {}
        for rank in self._left:
            changes = self._candidates[rank].changes
            if changes.size <= limit:
                firsts.setdefault(changes.ways, rank)
        self._now = list(firsts.values())
        return [self._candidates[rank] for rank in self._now]

    def try_round(self, now: Sequence[Candidate]) -> None:
        """Trains them, and what works so far for longer."""
        tried = try_once(now, self._train, self._seeds)
        start = len(self.attempts)
        self.attempts += tried
        for number, (rank, attempt) in enumerate(zip(self._now, tried, strict=True)):
            if works_so_far(attempt, len(self._seeds)) and rank < self._last():
                sure = train_longer(self._candidates[rank], attempt, self._train, self._seeds)
                self.attempts[start + number] = sure
                self._certify(rank, sure)
        self._left = [rank for rank in self._left if rank not in self._now]

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
            attempts=tuple(self.attempts),
            candidates=len(self._candidates),
            wanted=self._wanted,
            interrupted=interrupted,
        )
