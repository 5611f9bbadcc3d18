"""Which steps of a run are looked at, when nobody knows how many there will be."""

from __future__ import annotations

DENSE = 4
"""Steps that are looked at one by one after something happened."""

PAUSE = 10
"""Regular looks that must lie between two such runs, so that a noisy loss costs no more."""


class Looks:
    """Log-spaced steps at first, then every so many, and a few in a row after an event.

    >>> looks = Looks(every=10)
    >>> [step for step in range(45) if looks.due(step)]
    [0, 1, 2, 3, 5, 8, 13, 20, 30, 40]

    Args:
        every: Steps between two regular looks, at least 1.

    Raises:
        ValueError: If `every` is not positive.
    """

    def __init__(self, every: int) -> None:
        if every < 1:
            raise ValueError(f"`every >= 1` must hold, but got every={every}")
        self._every = every
        self._early = _log_spaced(every)
        self._dense_until = -1
        self._quiet_until = -1

    def due(self, step: int) -> bool:
        """Returns whether a step is to be looked at."""
        return step in self._early or step % self._every == 0 or step <= self._dense_until

    def happened(self, step: int) -> bool:
        """Looks at the next few steps; returns False where the last such time was just before."""
        if step < self._quiet_until:
            return False
        self._dense_until = step + DENSE
        self._quiet_until = step + PAUSE * self._every
        return True


def _log_spaced(every: int) -> frozenset[int]:
    """0, 1, 2, 3, 5, 8, 13 ...: as a study's recorded steps, until their gaps reach `every`."""
    steps, following, next_one = [0], 1, 2
    while next_one - following < every:
        steps.append(following)
        following, next_one = next_one, following + next_one
    return frozenset(steps)
