"""Ray Tune's side of a cohort queue: what to run next, and what became of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ray import cloudpickle, tune
from ray.tune.experiment import Trial as TuneTrial
from ray.tune.search import Searcher

from study.dispatch.cohorts import CohortQueue
from study.dispatch.tune.worker import FAILURE, SECONDS, from_json
from study.dispatch.tune.worker_death import LostCohort
from study.errors import ExchangeGone
from study.trial import Cohort

SPARE_EXCHANGES = 3
"""Times that the actor that gathers results may be lost. It does not count where Ray's memory
monitor ended it, as it does beside a worker that it ends, and a smaller cohort may do."""

PAUSE_S = 0.05
"""Between two looks for a cohort while none is in training."""

_logger = logging.getLogger("gradscape.dispatch")


class RunState:
    """What the searcher, the callback and the collecting thread know in common.

    Args:
        queue: The cohorts.
        stop: Set when no further cohort may start.
    """

    def __init__(self, queue: CohortQueue, stop: threading.Event) -> None:
        self.queue = queue
        self._stop = stop
        self._lock = threading.Lock()
        self._running: dict[int, Cohort] = {}
        self._undelivered: dict[int, Cohort] = {}
        self._failure: BaseException | None = None
        self._exchanges_left = SPARE_EXCHANGES
        self.undeliverable = False

    @property
    def failure(self) -> BaseException | None:
        """The first fault that ends the study."""
        return self._failure

    @property
    def running(self) -> int:
        """Cohorts that started and have not ended."""
        with self._lock:
            return len(self._running)

    @property
    def stopping(self) -> bool:
        """Whether no further cohort may start."""
        return self._stop.is_set() or self._failure is not None

    def pause(self) -> None:
        """Wait a moment, or until no further cohort may start."""
        self._stop.wait(PAUSE_S)

    def fail(self, error: BaseException) -> None:
        """End the study with this error, unless another came first."""
        with self._lock:
            self._failure = self._failure or error

    def recover(self) -> bool:
        """After the loss of the exchange: whether to go on, with what it held to be run again.

        Those trials are not to blame, so it costs them no attempt. Where memory ran out, what they
        took may be why: they are run again in smaller cohorts.
        """
        with self._lock:
            gone, held = self._failure, list(self._undelivered.values())
            if not isinstance(gone, ExchangeGone):
                return False
            if not (gone.out_of_memory and any(len(cohort.trials) > 1 for cohort in held)):
                if not self._exchanges_left:
                    return False
                self._exchanges_left -= 1
            self._failure, self._undelivered, self._running = None, {}, {}
        _logger.warning("another actor gathers results now: %s", gone)
        reason = "the actor that gathers results was lost"
        if gone.out_of_memory:
            reason += ", as memory ran out"
        for cohort in held:
            self.queue.take_back(cohort, reason, halve=gone.out_of_memory)
        return not self.stopping

    def issue(self, cohort: Cohort) -> None:
        """Remember a cohort that starts."""
        with self._lock:
            self._running[cohort.number] = cohort
            self._undelivered[cohort.number] = cohort

    def ended(self, number: int) -> Cohort:
        """The cohort that Tune says has ended; asked for once."""
        with self._lock:
            return self._running.pop(number)

    def collected(self, number: int) -> Cohort:
        """The cohort whose tables came, before or after Tune says that it ended; once."""
        with self._lock:
            return self._undelivered.pop(number)

    def lost(self, cohort: Cohort, reason: str, *, halve: bool) -> None:
        """Put a cohort without tables back into the queue."""
        with self._lock:
            self._undelivered.pop(cohort.number, None)
        try:
            self.queue.lost(cohort, reason, halve=halve)
        except Exception as error:
            self.fail(error)


class CohortSearcher(Searcher):
    """Gives Tune the next cohort, by its number alone.

    Args:
        state: Shared with the callback.
        publish: Makes a cohort's content known to the workers.
        room: Cohorts that may be under way now; the cluster's nodes come and go.
    """

    def __init__(
        self,
        state: RunState,
        publish: Callable[[Cohort], None],
        room: Callable[[], int],
    ) -> None:
        super().__init__()
        self._state = state
        self._publish = publish
        self._room = room

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        if self._state.stopping:
            return Searcher.FINISHED
        workers = self._state.queue.workers = self._room()
        if self._state.running >= workers:
            return None
        try:
            cohort = self._next()
        except Exception as error:
            self._state.fail(error)  # What is training is finished and delivered all the same.
            return Searcher.FINISHED
        if cohort is None:
            return Searcher.FINISHED if self._state.queue.finished else None
        self._state.issue(cohort)
        self._publish(cohort)
        return {"cohort": cohort.number}

    def _next(self) -> Cohort | None:
        """The next cohort; while none is in training this waits for one, or for the end.

        Tune would look again once a second. What comes may depend on trials that are yet to be
        recorded, as it does when a region is confirmed.
        """
        while True:
            cohort = self._state.queue.next()
            if cohort is not None or self._state.queue.finished:
                return cohort
            if self._state.running or self._state.stopping:
                return None
            self._state.pause()

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Left to `CohortCallback`, which gets to know why a trial failed."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save: Optuna's storage knows which trials exist."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing to restore, see `save`."""


class CohortCallback(tune.Callback):
    """Tells the queue what became of each cohort.

    Args:
        state: Shared with the searcher.
        revoke: Ends a cohort's claim; None if its tables had arrived before its worker was lost,
            else why it was, from what Tune kept of it.
    """

    def __init__(
        self, state: RunState, revoke: Callable[[int, BaseException | None], LostCohort | None]
    ) -> None:
        self._state = state
        self._revoke = revoke

    def on_trial_complete(
        self, iteration: int, trials: list[TuneTrial], trial: TuneTrial, **info: Any
    ) -> None:
        cohort = self._state.ended(trial.config["cohort"])
        result = trial.last_result or {}
        failure_json = result.get(FAILURE)
        if failure_json is None:
            self._state.queue.completed(cohort, result.get(SECONDS))
            return
        failure = from_json(failure_json)
        if failure.out_of_memory:
            self._state.lost(cohort, failure.message, halve=True)
        else:
            self._state.fail(failure.error(cohort))

    def on_trial_error(
        self, iteration: int, trials: list[TuneTrial], trial: TuneTrial, **info: Any
    ) -> None:
        cohort = self._state.ended(trial.config["cohort"])
        try:
            loss = self._revoke(cohort.number, _error_of(trial))
        except Exception as error:
            self._state.fail(error)
            return
        if loss is None:
            self._state.queue.completed(cohort)
        else:
            self._state.lost(cohort, loss.reason, halve=loss.halve)


def _error_of(trial: TuneTrial) -> BaseException | None:
    """What Ray raised for a trial; `Trial.get_pickled_error` finds it only once it is uploaded."""
    file = trial.pickled_error_file
    if file is None or not Path(file).exists():
        return None
    error: BaseException = cloudpickle.loads(Path(file).read_bytes())
    return error
