"""The actor between driver and workers: cohorts one way, their tables the other.

Both stay out of Tune, which copies every config and keeps every result until the study ends.
"""

from __future__ import annotations

import asyncio
from collections import deque

import ray
from ray.actor import ActorHandle
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from study.trial import Cohort


class Exchange:
    """Holds each cohort from when it is issued until its tables are collected.

    Args:
        capacity: Payloads held at most; further workers wait in `deliver`, so that a driver that
            records slowly slows training and does not fill the memory.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._issued: dict[int, Cohort] = {}
        self._arrived: set[int] = set()
        self._payloads: deque[tuple[int, bytes]] = deque()
        self._changed = asyncio.Condition()

    async def publish(self, cohort: Cohort) -> None:
        """Driver: this cohort may be fetched."""
        async with self._changed:
            self._issued[cohort.number] = cohort
            self._changed.notify_all()

    async def fetch(self, number: int) -> Cohort:
        """Worker: the cohort to train; waits until it is published."""
        async with self._changed:
            await self._changed.wait_for(lambda: number in self._issued)
            return self._issued[number]

    async def deliver(self, number: int, payload: bytes) -> None:
        """Worker: the cohort's tables; waits for room. Unknown and revoked numbers are ignored."""
        async with self._changed:
            if self._issued.pop(number, None) is None:
                return
            self._arrived.add(number)
            await self._changed.wait_for(lambda: len(self._payloads) < self._capacity)
            self._payloads.append((number, payload))
            self._changed.notify_all()

    async def collect(self, timeout_s: float) -> list[tuple[int, bytes]]:
        """Driver: the oldest payload with its cohort's number; empty after the time limit."""
        async with self._changed:
            # Not `wait_for` alone: with no time left it gives up before it looks.
            if not self._payloads:
                try:
                    waiting = self._changed.wait_for(lambda: self._payloads)
                    await asyncio.wait_for(waiting, timeout_s)
                except TimeoutError:
                    return []
            payload = self._payloads.popleft()
            self._changed.notify_all()
            return [payload]

    async def revoke(self, number: int) -> bool:
        """Driver: the cohort's worker is lost. True if its tables had arrived all the same.

        If not, they are ignored should they still come: the trials are being run again.
        """
        async with self._changed:
            self._issued.pop(number, None)
            return number in self._arrived


def start_exchange(*, capacity: int) -> ActorHandle:
    """Start the actor on the driver's own node, so that it lives as long as the driver does."""
    here = NodeAffinitySchedulingStrategy(
        node_id=ray.get_runtime_context().get_node_id(), soft=False
    )
    actor = ray.remote(Exchange).options(num_cpus=0, scheduling_strategy=here)
    return actor.remote(capacity)
