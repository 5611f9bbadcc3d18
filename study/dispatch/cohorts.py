"""Which trials are trained together, and in what order."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from study.dispatch.groups import Group, pieces
from study.dispatch.retries import Retries
from study.trial import Cohort, HyperparameterValue, Trial

Hyperparameters = Mapping[str, HyperparameterValue]

COHORT_LIMIT = 64
"""Trials in a cohort at most: vectorizing gains little beyond, and results come in portions."""

GPU_COHORT_LIMIT = 1024
"""The same where cohorts train on a GPU, which a few small networks do not fill. A worker trains
in parts what does not fit its memory."""

SMALLEST = 8
"""Trials below which a cohort is not cut to keep workers busy: vectorizing no longer pays."""

PATIENCE = 64
"""Cohorts that may overtake a group before it goes first, however small it is."""

ASK_AT_ONCE = 128
"""Trials asked in one go while workers may be waiting (about 0.1 s of sampling)."""


def cohort_limit(gpus_per_worker: float) -> int:
    """Trials in a cohort at most, by what a worker trains on."""
    return GPU_COHORT_LIMIT if gpus_per_worker else COHORT_LIMIT


class CohortQueue:
    """Trials in, cohorts out; thread-safe.

    The group that costs most goes first, so that the longest work does not come last; a group
    overtaken `PATIENCE` times goes before it. Near the end cohorts shrink to an even share of
    the work that is left, so that all workers stay busy.

    Args:
        ask: Samples that many new trials; fewer means that there are no more, None that there
            are none for now.
        remaining: Trials still to ask.
        cohort_key: What trials of one cohort agree in.
        cost: Cost of training one trial, in any unit.
        limit: Most trials in a cohort.
        workers: Cohorts that train at the same time.
        window: Most trials asked and not yet in a cohort. Large packs better; small lets a
            sampler that learns see more results.
        unfinished: Trials of an earlier invocation; they go first, before any is asked.
        max_retries: Times that a trial may be lost by infrastructure and run again. One that was
            lost in company gets further chances, in ever smaller cohorts, unless losses are all
            that happens: the others are not to go with the one that kills its worker.
        fail: Called with trials that were lost once too often, and the reason.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        *,
        ask: Callable[[int], Sequence[Trial] | None],
        remaining: int,
        cohort_key: Callable[[Hyperparameters], Hashable],
        cost: Callable[[Hyperparameters], float],
        limit: int = COHORT_LIMIT,
        workers: int = 1,
        window: int = 2048,
        unfinished: Iterable[Trial] = (),
        max_retries: int = 3,
        fail: Callable[[Sequence[Trial], str], None] = lambda trials, reason: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._remaining = remaining
        self._cohort_key = cohort_key
        self._cost = cost
        self._limit = limit
        self._workers = workers
        self._window = window
        self._fail = fail
        self._clock = clock
        self._lock = threading.RLock()
        self._numbers = itertools.count()
        self._earlier: dict[Hashable, Group] = {}
        self._waiting: dict[Hashable, Group] = {}
        self._retries = Retries(max_retries)
        self._in_flight: dict[int, tuple[float, float]] = {}
        self._picks = 0
        self._cost_per_s: float | None = None
        self._waiting_cost = 0.0
        self._waiting_trials = 0
        for trial in unfinished:
            self._enqueue(self._earlier, trial)

    @property
    def workers(self) -> int:
        """Cohorts that train at the same time; a dispatcher sets it when it knows."""
        return self._workers

    @workers.setter
    def workers(self, value: int) -> None:
        with self._lock:
            self._workers = value

    @property
    def finished(self) -> bool:
        """Whether every trial was trained or failed."""
        with self._lock:
            return not (
                self._remaining or self._waiting_trials or self._retries or self._in_flight
            )

    @property
    def left_s(self) -> float | None:
        """Estimate of the time until it is finished; None before the first cohort is trained."""
        with self._lock:
            if not self._cost_per_s:
                return None
            return self._work_left() / (self._cost_per_s * self._workers)

    @property
    def in_training(self) -> tuple[int, float | None]:
        """Cohorts that are out, and the time until the last is back; None if that is unknown."""
        with self._lock:
            now, rate = self._clock(), self._cost_per_s
            if not rate:
                return len(self._in_flight), None
            left = [cost / rate - (now - start) for cost, start in self._in_flight.values()]
            return len(left), max([0.0, *left])

    def prefill(self) -> None:
        """Ask until the window is full, for a caller that has time before the first `next`."""
        while True:
            with self._lock:
                if not self._top_up(ASK_AT_ONCE):
                    return

    def next(self) -> Cohort | None:
        """The cohort to train next; None when there is nothing to train at present.

        None before `finished` means that cohorts are in flight and one may yet be lost, or that
        no trial can be asked for now.
        """
        with self._lock:
            if self._retries:
                return self._issue(*self._retries.next())
            if not self._earlier:
                self._top_up(ASK_AT_ONCE if self._waiting else self._window)
            groups = self._earlier or self._waiting
            if not groups:
                return None
            self._picks += 1
            key = self._choose(groups)
            group = groups[key]
            trials = group.take(self._size(group))
            group.since = self._picks
            if not group.trials:
                del groups[key]
            self._waiting_trials -= len(trials)
            self._waiting_cost -= group.cost * len(trials)
            return self._issue(trials, attempt=0)

    def completed(self, cohort: Cohort) -> None:
        """The cohort was trained and its tables delivered; a second time does nothing."""
        with self._lock:
            if cohort.number not in self._in_flight:
                return
            self._retries.trained()
            cost, started = self._in_flight.pop(cohort.number)
            rate = cost / max(self._clock() - started, 1e-9)
            self._cost_per_s = (
                rate if self._cost_per_s is None else 0.7 * self._cost_per_s + 0.3 * rate
            )

    def take_back(self, cohort: Cohort, reason: str, *, halve: bool) -> None:
        """Run a cohort again, completed or not, that was lost by no fault of its trials."""
        with self._lock:
            self._in_flight.pop(cohort.number, None)
            self._retries.add(cohort, reason, halve=halve, counts=False)

    def lost(self, cohort: Cohort, reason: str, *, halve: bool = False) -> None:
        """Infrastructure lost the cohort: run its trials again, first of all, or let them fail.

        Args:
            cohort: One that `next` gave and that is not completed; else nothing happens.
            reason: For the person; logged, and kept with trials that fail for it.
            halve: Run it again as two cohorts at once (memory ran out).
        """
        with self._lock:
            if self._in_flight.pop(cohort.number, None) is None:
                return
            if not self._retries.add(cohort, reason, halve=halve):
                self._fail(cohort.trials, reason)

    def _top_up(self, at_most: int) -> int:
        n = min(self._window - self._waiting_trials, self._remaining, at_most)
        if n <= 0:
            return 0
        trials = self._ask(n)
        if trials is None:
            return 0
        self._remaining = self._remaining - n if len(trials) == n else 0
        for trial in trials:
            self._enqueue(self._waiting, trial)
        return len(trials)

    def _enqueue(self, groups: dict[Hashable, Group], trial: Trial) -> None:
        key = self._cohort_key(trial.hyperparameters)
        if key not in groups:
            groups[key] = Group(cost=self._cost(trial.hyperparameters), since=self._picks)
        groups[key].trials.append(trial)
        self._waiting_trials += 1
        self._waiting_cost += groups[key].cost

    def _choose(self, groups: Mapping[Hashable, Group]) -> Hashable:
        def urgency(key: Hashable) -> tuple[int, float]:
            overtaken = self._picks - groups[key].since
            total = groups[key].cost * len(groups[key].trials)
            return (overtaken if overtaken > PATIENCE else 0, total)

        return max(groups, key=urgency)

    def _size(self, group: Group) -> int:
        share = self._work_left() / self._workers
        fair = math.ceil(share / group.cost) if group.cost > 0 else self._limit
        size = max(min(self._limit, fair), min(SMALLEST, self._limit))
        grows = self._remaining > 0 and not self._earlier
        return pieces(len(group.trials), size, smallest=SMALLEST, limit=self._limit, grows=grows)

    def _work_left(self) -> float:
        """Cost of all that is waiting, unasked (at the mean cost) or still in flight."""
        now = self._clock()
        rate = self._cost_per_s or 0.0
        flying = sum(
            max(0.0, cost - rate * (now - start)) for cost, start in self._in_flight.values()
        )
        mean = self._waiting_cost / max(1, self._waiting_trials)
        return self._waiting_cost + self._remaining * mean + flying

    def _issue(self, trials: tuple[Trial, ...], attempt: int) -> Cohort:
        cohort = Cohort(number=next(self._numbers), trials=trials, attempt=attempt)
        cost = sum(self._cost(trial.hyperparameters) for trial in trials)
        self._in_flight[cohort.number] = (cost, self._clock())
        return cohort
