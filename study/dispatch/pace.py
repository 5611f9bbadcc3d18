"""How long training takes: estimated beforehand, corrected by what was measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from study.trial import Cohort

NEWEST = 0.5
"""Weight of the newest measurement of a kind: a machine may become busy."""


@dataclass
class Pace:
    """Seconds for a unit of cost, by kind of trial.

    The estimate of a trial's cost counts its arithmetic. How long that takes differs several times
    between a shallow network and a deep one, so each kind has a rate of its own, and one that was
    not trained yet that of the kind whose trials cost most nearly the same.
    """

    _measured: dict[Hashable, tuple[float, float]] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        """Whether anything was measured."""
        return bool(self._measured)

    def measure(self, kind: Hashable, cost: float, trials: int, seconds: float) -> None:
        """Takes note of a cohort's training.

        Args:
            kind: What its trials agree in.
            cost: Estimate for one trial, > 0, in any unit.
            trials: Trials that it trained, >= 1.
            seconds: What that took.
        """
        rate = max(seconds, 1e-9) / max(trials * cost, 1e-300)
        if kind in self._measured:
            rate = NEWEST * rate + (1 - NEWEST) * self._measured[kind][1]
        self._measured[kind] = cost, rate

    def seconds(self, kind: Hashable, cost: float) -> float:
        """Estimates the training of one trial; the cost itself before anything was measured."""
        if not self._measured:
            return cost
        if kind in self._measured:
            return cost * self._measured[kind][1]

        def distance(known: tuple[float, float]) -> float:
            return abs(math.log(max(known[0], 1e-300) / max(cost, 1e-300)))

        return cost * min(self._measured.values(), key=distance)[1]


class InTraining:
    """Cohorts that are out, and how long each will yet take.

    Args:
        pace: Measured by cohorts that come back.
        kind: What the trials of a cohort agree in, and the cost of one.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        pace: Pace,
        kind: Callable[[Cohort], tuple[Hashable, float]],
        clock: Callable[[], float],
    ) -> None:
        self._pace = pace
        self._kind = kind
        self._clock = clock
        self._out: dict[int, tuple[Cohort, float]] = {}

    def __len__(self) -> int:
        return len(self._out)

    def __contains__(self, cohort: Cohort) -> bool:
        return cohort.number in self._out

    def add(self, cohort: Cohort) -> None:
        """Notes that a cohort starts."""
        self._out[cohort.number] = cohort, self._clock()

    def drop(self, cohort: Cohort) -> bool:
        """Forgets a cohort without tables; says whether it was out."""
        return self._out.pop(cohort.number, None) is not None

    def trained(self, cohort: Cohort, seconds: float | None) -> None:
        """Measures the pace by a cohort that is out: by default, since it started."""
        _, started = self._out.pop(cohort.number)
        took_s = self._clock() - started if seconds is None else seconds
        kind, cost = self._kind(cohort)
        self._pace.measure(kind, cost, len(cohort.trials), took_s)

    def left(self) -> list[float]:
        """What is left of each, in seconds; in cost before anything was measured."""
        now = self._clock()
        left = []
        for cohort, started in self._out.values():
            whole = len(cohort.trials) * self._pace.seconds(*self._kind(cohort))
            left.append(max(0.0, whole - (now - started if self._pace.known else 0.0)))
        return left
