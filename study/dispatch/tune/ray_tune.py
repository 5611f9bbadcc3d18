"""Cohorts trained on Ray workers, scheduled by Ray Tune.

One Tune trial carries one cohort, and one actor a worker is reused for all of them, so that
torch is imported once a worker. Tune knows numbers of cohorts and nothing else.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import ray
from ray import cloudpickle, tune
from ray.actor import ActorHandle
from ray.exceptions import RayError

from study.dispatch.cluster.autoscaler import demand
from study.dispatch.cluster.capacity import Capacity
from study.dispatch.cluster.placement import WorkerResources
from study.dispatch.cluster.ray_cluster import cluster, environment
from study.dispatch.cluster.ray_messages import ray_messages
from study.dispatch.cluster.ray_processes import processes_watched
from study.dispatch.cohorts import CohortQueue
from study.dispatch.dispatcher import Deliver, Train
from study.dispatch.tune.actor_errors import every_loss_is_an_actors
from study.dispatch.tune.exchange import start_exchange
from study.dispatch.tune.scheduler import NewcomersFirst
from study.dispatch.tune.searcher import CohortCallback, CohortSearcher, RunState
from study.dispatch.tune.tune_folder import tune_folder
from study.dispatch.tune.worker import CohortTrainable
from study.dispatch.tune.worker_death import ErrorOutputs, LostCohort, explain, memory_ran_out
from study.dispatch.tune.worker_log import log_again
from study.errors import DispatchError, ExchangeGone
from study.trial import Cohort

_ANSWER_S = 300.0
"""Time limit of a call to the exchange: it answers in milliseconds, on a swamped machine in
minutes; that it is gone is known at once."""

_LOOK_S, _GRACE_S = 2.0, 10.0
"""Between two looks for workers past the time limit; what they get to end themselves."""

_WAIT_S = 60.0
"""How long one call of the collecting thread waits for tables; the end of the study wakes it."""


@dataclass(frozen=True, kw_only=True)
class RayTuneDispatcher:
    """Implements `Dispatcher` on a Ray cluster.

    Attributes:
        workers: Cohorts that train at the same time; None for as many as fit.
        resources: What one worker holds.
        address: Address of a running cluster; None starts a local Ray for the time of the run.
        limit_s: How long training a cohort may take before its worker is ended.
    """

    workers: int | None = None
    resources: WorkerResources = field(default_factory=WorkerResources)
    address: str | None = None
    limit_s: float | None = None

    def run(
        self, queue: CohortQueue, train: Train, deliver: Deliver, *, stop: threading.Event
    ) -> None:
        if self.workers is not None:
            queue.workers = self.workers
        state = RunState(queue, stop)
        # Sampling takes as long as Ray's start: do both at once.
        prefill = threading.Thread(target=_prefill, args=(state,), daemon=True)
        prefill.start()
        with (
            environment(),
            ray_messages(),
            _quiet_tune(),
            cluster(address=self.address, workers=self.workers, resources=self.resources) as room,
            processes_watched(state.fail),
        ):
            prefill.join()
            queue.workers = room.workers()
            if not state.stopping and not queue.finished:
                self._run_on(room, state, train, deliver)
                while state.recover():
                    self._run_on(room, state, train, deliver)
        if state.failure is not None:
            raise state.failure

    def _run_on(self, room: Capacity, state: RunState, train: Train, deliver: Deliver) -> None:
        exchange = start_exchange(capacity=room.workers() + 2, name=room.demand.name)
        ended = threading.Event()
        collector = threading.Thread(
            target=_collect, args=(exchange, state, deliver, ended), daemon=True
        )
        collector.start()
        watcher = threading.Thread(
            target=_end_frozen, args=(exchange, self.limit_s, ended), daemon=True
        )
        watcher.start()
        try:
            self._tune(room, state, train, exchange)
        except RayError as error:
            first_line = str(error).strip().partition("\n")[0]
            state.fail(
                DispatchError(
                    f"the Ray cluster is gone: {first_line}; what was recorded is safe, the same "
                    "command goes on"
                )
            )
        finally:
            ended.set()
            exchange.close.remote()
            collector.join()
            watcher.join()
            ray.kill(exchange)

    def _tune(self, room: Capacity, state: RunState, train: Train, exchange: ActorHandle) -> None:
        outputs = ErrorOutputs()

        def revoke(number: int, error: BaseException | None) -> LostCohort | None:
            try:
                known = ray.get(exchange.revoke.remote(number), timeout=_ANSWER_S)
            except RayError as fault:
                raise _exchange_gone(fault) from fault
            if known.arrived:
                return None
            return explain(
                error,
                known.worker,
                trained_s=known.trained_s,
                limit_s=self.limit_s,
                read=outputs.end,
            )

        with tune_folder() as folder, every_loss_is_an_actors():
            tune.run(
                tune.with_parameters(
                    CohortTrainable,
                    train_pickle=cloudpickle.dumps(train),
                    exchange=exchange,
                    limit_s=self.limit_s,
                ),
                name="cohorts",
                num_samples=-1,
                search_alg=CohortSearcher(state, exchange.publish.remote, room.workers),
                scheduler=NewcomersFirst(),
                reuse_actors=True,
                resources_per_trial=demand(self.resources),
                callbacks=[CohortCallback(state, revoke)],
                storage_path=folder,
                raise_on_failed_trial=False,
                verbose=0,
            )


def _collect(
    exchange: ActorHandle, state: RunState, deliver: Deliver, ended: threading.Event
) -> None:
    while True:
        last = ended.is_set()
        try:
            waits_s = 0.0 if last else _WAIT_S
            arrived = ray.get(exchange.collect.remote(waits_s), timeout=_ANSWER_S)
        except RayError as error:
            state.fail(_exchange_gone(error))
            return
        for line in arrived.lines:
            log_again(line)
        for number, payload in arrived.tables:
            _deliver(state, deliver, state.collected(number), payload)
        if last and not arrived.tables:
            return


def _end_frozen(exchange: ActorHandle, limit_s: float | None, ended: threading.Event) -> None:
    """Ends workers that are past the limit and did not end themselves: the system stopped them."""
    if limit_s is None:
        return
    while not ended.wait(_LOOK_S):
        try:
            overdue = exchange.overdue.remote(limit_s + _GRACE_S)
            for worker in ray.get(overdue, timeout=_ANSWER_S):
                ray.kill(worker.actor)
        except RayError:
            return  # The collecting thread reports it.


def _exchange_gone(error: RayError) -> ExchangeGone:
    first_line = str(error).strip().partition("\n")[0]
    return ExchangeGone(
        f"the node of the driver lost its Ray, or the actor that gathers results: {first_line}; "
        "what was recorded is safe, the same command goes on",
        out_of_memory=memory_ran_out(error),
    )


def _deliver(state: RunState, deliver: Deliver, cohort: Cohort, payload: bytes) -> None:
    if state.undeliverable:
        return  # Only taken off the worker's hands; the trials are run again on resume.
    try:
        deliver(cohort, payload)
    except Exception as error:
        state.undeliverable = True
        state.fail(error)


def _prefill(state: RunState) -> None:
    try:
        state.queue.prefill()
    except Exception as error:
        state.fail(error)


@contextmanager
def _quiet_tune() -> Iterator[None]:
    """Silences Tune's own messages, as we log lost cohorts, and undoes its SIGUSR1 handler."""
    logger = logging.getLogger("ray.tune")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGUSR1) if main else None
    try:
        yield
    finally:
        logger.setLevel(level)
        if handler is not None:
            signal.signal(signal.SIGUSR1, handler)
