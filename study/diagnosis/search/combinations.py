"""Several changes together, guided by how near each came alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from study.diagnosis.change import Change
from study.diagnosis.moves import Family, family_of
from study.diagnosis.search.attempt import Attempt
from study.diagnosis.single_changes import Candidate

BEST = 3
"""Ways of each family that are combined: those that came nearest."""

Combine = Callable[[Sequence[Change]], Candidate | None]
"""Makes a candidate of several changes; None where they do not go together."""


def no_combination(changes: Sequence[Change]) -> Candidate | None:
    """Combines nothing."""
    return None


def combinations(attempts: Sequence[Attempt], number: int, combine: Combine) -> list[Candidate]:
    """Lists what may be tried where no single change works, the most hopeful first.

    Of each family of changes (data, steps, weights, network) the ways that came nearest are
    taken, each by its best attempt, and combined across families: a network that is too deep,
    begins with wrong weights and takes the wrong steps is wrong in three ways that add up.

    Args:
        attempts: Single changes that were tried, in the order of their ranks.
        number: How many are combined.
        combine: Makes a candidate of them.
    """
    chosen = _chosen(attempts)
    ranked: list[tuple[int, int, Candidate]] = []
    for families in itertools.combinations(chosen, number):
        for some in itertools.product(*(enumerate(chosen[family]) for family in families)):
            candidate = combine([change for _, (_, change) in some])
            if candidate is not None:
                place = sum(rank for rank, _ in some)
                overall = sum(rank for _, (rank, _) in some)
                ranked.append((place, overall, candidate))
    return [candidate for *_, candidate in sorted(ranked, key=lambda each: each[:2])]


def _chosen(attempts: Sequence[Attempt]) -> dict[Family, list[tuple[int, Change]]]:
    """Returns the changes to combine by family, each with its place among all."""
    singles = [attempt for attempt in attempts if len(attempt.changes.parts) == 1]
    nearest = sorted(singles, key=lambda attempt: attempt.closeness, reverse=True)
    chosen: dict[Family, list[tuple[int, Change]]] = {}
    seen: set[object] = set()
    for rank, attempt in enumerate(nearest):
        (change,) = attempt.changes
        mine = chosen.setdefault(family_of(change.hyperparameter), [])
        if change.way not in seen and attempt.trained is not None and len(mine) < BEST:
            seen.add(change.way)
            mine.append((rank, change))
    return chosen
