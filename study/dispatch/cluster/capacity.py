"""How many cohorts a cluster trains at the same time, which changes as nodes come and go."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import cached_property

import ray

from study.dispatch.cluster import autoscaler
from study.dispatch.cluster.placement import Node, WorkerResources, refusal, room
from study.dispatch.cluster.sharing import Demand, demands_of_others, own_demand, share

REFRESH_S = 2.0

_NO_HELP = {
    autoscaler.Answer.CANNOT: "; the cluster's autoscaler can start none that would do",
    autoscaler.Answer.SILENT: "; the cluster's autoscaler does not answer whether it could help",
}

_logger = logging.getLogger("gradscape.dispatch")


class Capacity:
    """Room for workers on the cluster that this process is connected to.

    Where an autoscaler may start nodes it is asked for more than there is room for, as many
    again: it starts nodes only for work that waits. Once it says that it has none left, one
    cohort waits all the same, so that a node that becomes free elsewhere is used.

    Other studies at work on the cluster get their share of it, see `sharing`.

    Args:
        wanted: By one worker.
        cap: Workers at most; None for as many as there is room for.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        wanted: WorkerResources,
        *,
        cap: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wanted = wanted
        self._cap = cap
        self._clock = clock
        self._read_at = float("-inf")
        self._room: int | None = None
        self._workers = 1

    @cached_property
    def demand(self) -> Demand:
        """The demand that is published to the other studies on the cluster."""
        return own_demand(self._wanted, self._cap)

    def check(self) -> None:
        """Refuses a worker that no node can ever hold, one that may yet be started included.

        Raises:
            InputError: If so; it says what the nodes have.
        """
        nodes = cluster_nodes()
        if room(nodes, self._wanted):
            return
        answer = autoscaler.ask(self._wanted)
        if answer is not autoscaler.Answer.MAY_COME:
            raise refusal(nodes, self._wanted, more=_NO_HELP.get(answer, ""))
        _logger.warning("no node can hold a worker yet; waiting for the cluster to start one")

    def workers(self) -> int:
        """Cohorts that may be under way now, at least 1; asks Ray every `REFRESH_S`."""
        if self._clock() - self._read_at >= REFRESH_S:
            self._refresh()
            self._read_at = self._clock()
        return self._workers

    def _refresh(self) -> None:
        nodes = cluster_nodes()
        now = room(nodes, self._wanted)
        self._tell(now)
        self._room = now
        others = demands_of_others(self.demand)
        if others:
            now = min(now, share(self.demand, others, nodes))
        more = 0
        if autoscaler.can_grow():
            more = 1 if autoscaler.has_refused(self._wanted) else max(1, now)
        self._workers = max(1, min(now + more, self._cap or now + more))

    def _tell(self, now: int) -> None:
        before = self._room
        if before is None or now == before:
            return
        if now == 0:
            _logger.warning("no node of the cluster can hold a worker now; waiting for one")
        else:
            _logger.info("the cluster has room for %d workers now, before for %d", now, before)


def cluster_nodes() -> list[Node]:
    """The nodes that are alive."""
    return [
        Node(resources=node["Resources"], labels=node.get("Labels") or {})
        for node in ray.nodes()
        if node["Alive"]
    ]
