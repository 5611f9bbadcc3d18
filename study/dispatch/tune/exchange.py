"""The actor between driver and workers: cohorts one way, their tables the other.

Both stay out of Tune, which copies every config and keeps every result until the study ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from dataclasses import dataclass

import ray
from ray.actor import ActorHandle
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from study.dispatch.cluster.sharing import NAMESPACE
from study.dispatch.tune.worker_death import WorkerProcess
from study.dispatch.tune.worker_log import WorkerLine
from study.trial import Cohort

LINES = 1000
"""Lines of workers held at most; the oldest go first."""


@dataclass(frozen=True, kw_only=True)
class Revoked:
    """What the exchange knew of a cohort whose worker was lost.

    Attributes:
        arrived: Whether its tables had arrived all the same.
        worker: The process that trained it; None if it had not begun.
        trained_s: How long it had been training, in seconds.
    """

    arrived: bool
    worker: WorkerProcess | None
    trained_s: float


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What workers have sent since the driver last asked.

    Attributes:
        tables: At most one payload, with its cohort's number.
        lines: Everything that they logged.
    """

    tables: list[tuple[int, bytes]]
    lines: list[WorkerLine]


class Exchange:
    """Holds each cohort from when it is issued until its tables are collected.

    Args:
        capacity: Payloads held at most; further workers wait in `deliver`, so that a driver that
            records slowly slows training and does not fill the memory.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._issued: dict[int, Cohort] = {}
        self._training: dict[int, tuple[WorkerProcess, float]] = {}
        self._arrived: set[int] = set()
        self._payloads: deque[tuple[int, bytes]] = deque()
        self._lines: deque[WorkerLine] = deque(maxlen=LINES)
        self._closed = False
        self._changed = asyncio.Condition()

    async def publish(self, cohort: Cohort) -> None:
        """Driver: this cohort may be fetched."""
        async with self._changed:
            self._issued[cohort.number] = cohort
            self._changed.notify_all()

    async def fetch(self, number: int, worker: WorkerProcess | None = None) -> Cohort:
        """Worker: the cohort to train; waits until it is published."""
        async with self._changed:
            await self._changed.wait_for(lambda: number in self._issued)
            if worker is not None:
                self._training[number] = worker, time.monotonic()
            return self._issued[number]

    async def deliver(self, number: int, payload: bytes) -> None:
        """Worker: the cohort's tables; waits for room. Unknown and revoked numbers are ignored."""
        async with self._changed:
            self._training.pop(number, None)
            if self._issued.pop(number, None) is None:
                return
            self._arrived.add(number)
            await self._changed.wait_for(lambda: len(self._payloads) < self._capacity)
            self._payloads.append((number, payload))
            self._changed.notify_all()

    async def say(self, line: WorkerLine) -> None:
        """Worker: a line for the driver's log."""
        async with self._changed:
            self._lines.append(line)
            self._changed.notify_all()

    async def close(self) -> None:
        """Driver: nothing more comes, so nobody need wait for it."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()

    async def collect(self, timeout_s: float) -> Collected:
        """Driver: the oldest payload and all lines; nothing when time is up or once closed."""
        async with self._changed:
            # Not `wait_for` alone: with no time left it raises before it looks.
            if not self._has_news():
                waiting = self._changed.wait_for(self._has_news)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(waiting, timeout_s)
            tables = [self._payloads.popleft()] if self._payloads else []
            lines = list(self._lines)
            self._lines.clear()
            self._changed.notify_all()
            return Collected(tables=tables, lines=lines)

    def _has_news(self) -> bool:
        return bool(self._payloads or self._lines or self._closed)

    async def revoke(self, number: int) -> Revoked:
        """Driver: the cohort's worker is lost.

        Tables that have not arrived are ignored should they still come: the trials are being run
        again.
        """
        async with self._changed:
            self._issued.pop(number, None)
            worker, since = self._training.pop(number, (None, time.monotonic()))
            return Revoked(
                arrived=number in self._arrived,
                worker=worker,
                trained_s=time.monotonic() - since,
            )

    async def overdue(self, limit_s: float) -> list[WorkerProcess]:
        """Driver: workers that have been training one cohort for longer than this."""
        now = time.monotonic()
        return [worker for worker, since in self._training.values() if now - since > limit_s]


def start_exchange(*, capacity: int, name: str | None = None) -> ActorHandle:
    """Start the actor on the driver's own node, so that it lives as long as the driver does.

    Args:
        capacity: See `Exchange`.
        name: What other studies know this one by, see `study.dispatch.cluster.sharing`.
    """
    here = NodeAffinitySchedulingStrategy(
        node_id=ray.get_runtime_context().get_node_id(), soft=False
    )
    actor = ray.remote(Exchange).options(
        num_cpus=0,
        scheduling_strategy=here,
        name=name,
        namespace=None if name is None else NAMESPACE,
    )
    return actor.remote(capacity)
