"""Which trials are trained together, and in what order."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from study.dispatch.groups import Group, most_urgent, pieces
from study.dispatch.pace import InTraining, Pace
from study.dispatch.quick_look import QuickLook
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

APART_S = 10.0
"""Time of a cohort at most whose trials train one after another: results come between them."""

ASK_AT_ONCE = 128
"""Trials asked in one go while workers may be waiting (about 0.1 s of sampling)."""


def cohort_limit(gpus_per_worker: float) -> int:
    """Trials in a cohort at most, by what a worker trains on."""
    return GPU_COHORT_LIMIT if gpus_per_worker else COHORT_LIMIT


class CohortQueue:
    """Trials in, cohorts out; thread-safe.

    A quick look goes first: small cohorts of the cheapest kinds, so that verdicts come soon and
    times are measured. Then the group that costs most, so that the longest work does not come
    last, but for groups overtaken `PATIENCE` times. Near the end cohorts shrink to an even share
    of the work that is left, so that all workers stay busy.

    Args:
        ask: Samples up to so many trials; none: there are no more, None: there are none for now.
        remaining: Trials still to ask, at most.
        cohort_key: What trials of one cohort agree in.
        cost: Cost of training one trial, in any unit.
        apart: Whether a trial's network is trained one trial after another in any cohort.
        limit: Most trials in a cohort.
        workers: Cohorts that train at the same time; a dispatcher sets it when it knows.
        window: Most trials asked and not yet in a cohort. Large packs better; small lets a
            sampler that learns see more results.
        unfinished: Trials of an earlier invocation; they go first, before any is asked.
        max_retries: Times that a trial may be lost by infrastructure and run again. One that was
            lost in company gets further chances, in ever smaller cohorts, unless losses are all
            that happens: the others are not to go with the one that kills its worker.
        may_stop: Whether trials of the next cohort may end once their verdict is certain.
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
        apart: Callable[[Hyperparameters], bool] = lambda values: False,
        limit: int = COHORT_LIMIT,
        workers: int = 1,
        window: int = 2048,
        unfinished: Iterable[Trial] = (),
        max_retries: int = 3,
        may_stop: Callable[[], bool] = lambda: True,
        fail: Callable[[Sequence[Trial], str], None] = lambda trials, reason: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._remaining = remaining
        self._cohort_key = cohort_key
        self._cost = cost
        self._apart = apart
        self._limit = limit
        self.workers = workers
        self._window = window
        self._fail = fail
        self._may_stop = may_stop
        self._lock = threading.RLock()
        self._numbers = itertools.count()
        self._earlier: dict[Hashable, Group] = {}
        self._waiting: dict[Hashable, Group] = {}
        self._retries = Retries(max_retries)
        self._picks = 0
        self._pace = Pace()
        self._in_flight = InTraining(self._pace, self._kind, clock)
        self._look = QuickLook(SMALLEST)
        self._waiting_trials = 0
        for trial in unfinished:
            self._enqueue(self._earlier, trial)

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
            return self._work_left() / self.workers if self._pace.known else None

    @property
    def in_training(self) -> tuple[int, float | None]:
        """Cohorts that are out, and the time until the last is back; None if that is unknown."""
        with self._lock:
            left = self._in_flight.left()
            return len(left), max([0.0, *left]) if self._pace.known else None

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
            quick = self._look.next(groups, self._remaining)
            key = most_urgent(groups, self._picks, self._seconds) if quick is None else quick
            group = groups[key]
            trials = group.take(
                self._size(key, group) if quick is None else self._look.size(group)
            )
            group.since = self._picks
            if not group.trials:
                del groups[key]
            self._waiting_trials -= len(trials)
            return self._issue(trials, attempt=0)

    def completed(self, cohort: Cohort, seconds: float | None = None) -> None:
        """The cohort was trained and its tables delivered; a second time does nothing.

        Args:
            cohort: One that `next` gave.
            seconds: How long its worker trained it; by default the time since `next`.
        """
        with self._lock:
            if cohort in self._in_flight:
                self._retries.trained()
                self._in_flight.trained(cohort, seconds)

    def take_back(self, cohort: Cohort, reason: str, *, halve: bool) -> None:
        """Run a cohort again, completed or not, that was lost by no fault of its trials."""
        with self._lock:
            self._in_flight.drop(cohort)
            self._retries.add(cohort, reason, halve=halve, counts=False)

    def lost(self, cohort: Cohort, reason: str, *, halve: bool = False) -> None:
        """Infrastructure lost the cohort: run its trials again, first of all, or let them fail.

        Args:
            cohort: One that `next` gave and that is not completed; else nothing happens.
            reason: For the person; logged, and kept with trials that fail for it.
            halve: Run it again as two cohorts at once (memory ran out).
        """
        with self._lock:
            if not self._in_flight.drop(cohort):
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
        self._remaining = max(0, self._remaining - len(trials)) if trials else 0
        for trial in trials:
            self._enqueue(self._waiting, trial)
        return len(trials)

    def _enqueue(self, groups: dict[Hashable, Group], trial: Trial) -> None:
        key = self._cohort_key(trial.hyperparameters)
        if key not in groups:
            values = trial.hyperparameters
            groups[key] = Group(
                cost=self._cost(values), since=self._picks, apart=self._apart(values)
            )
        groups[key].trials.append(trial)
        self._waiting_trials += 1

    def _size(self, key: Hashable, group: Group) -> int:
        seconds = self._seconds(key, group)
        if group.apart:
            soon = int(APART_S / max(seconds, 1e-9)) if self._pace.known else 1
            return max(1, min(soon, self._limit))
        share = self._work_left() / self.workers
        fair = math.ceil(share / seconds) if seconds > 0 else self._limit
        size = max(min(self._limit, fair), min(SMALLEST, self._limit))
        grows = self._remaining > 0 and not self._earlier
        return pieces(len(group.trials), size, smallest=SMALLEST, limit=self._limit, grows=grows)

    def _work_left(self) -> float:
        """Time of all that waits, is unasked (at the mean) or in training; else its cost."""
        waiting = sum(
            len(group.trials) * self._seconds(key, group)
            for groups in (self._earlier, self._waiting)
            for key, group in groups.items()
        )
        mean = waiting / max(1, self._waiting_trials)
        return waiting + self._remaining * mean + sum(self._in_flight.left())

    def _seconds(self, key: Hashable, group: Group) -> float:
        return self._pace.seconds(key, group.cost)

    def _kind(self, cohort: Cohort) -> tuple[Hashable, float]:
        """What its trials agree in, and the cost of one."""
        values = cohort.trials[0].hyperparameters
        return self._cohort_key(values), self._cost(values)

    def _issue(self, trials: tuple[Trial, ...], attempt: int) -> Cohort:
        number, stop = next(self._numbers), self._may_stop()
        cohort = Cohort(number=number, trials=trials, attempt=attempt, may_stop=stop)
        self._in_flight.add(cohort)
        return cohort
