"""The part of a cluster that a study may use while other studies are at work on it.

Each driver tells the others what its study wants, and each computes the same shares from that;
nobody has to decide. A study that has more workers than its share lets go of those that finish a
cohort, so that a study that comes later waits for a cohort, not for the end of an earlier study.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import ray
from ray.util import list_named_actors

from study.dispatch.cluster.placement import Node, WorkerResources, room

NAMESPACE = "gradscape"
"""Of the named actors that stand for studies; Ray forgets one when its driver has gone."""

_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What one study at work wants.

    Attributes:
        driver: Tells it from the others; ascending as they came.
        wanted: By one worker.
        cap: Workers at most; None for as many as there is room for.
    """

    driver: str
    wanted: WorkerResources
    cap: int | None = None

    @property
    def name(self) -> str:
        """The name of the actor that stands for the study."""
        return json.dumps(asdict(self))

    def part(self, nodes: Sequence[Node]) -> float:
        """Share of the cluster that it could use alone, from 0 to 1."""
        most = room(nodes, self.wanted)
        if not most:
            return 0.0
        return 1.0 if self.cap is None else min(1.0, self.cap / most)


def own_demand(wanted: WorkerResources, cap: int | None) -> Demand:
    """The demand of this driver, which is connected to Ray; a new one for each study it runs."""
    driver = f"{time.time_ns():020d}-{ray.get_runtime_context().get_job_id()}"
    return Demand(driver=driver, wanted=wanted, cap=cap)


def demands_of_others(mine: Demand) -> list[Demand]:
    """What the other studies at work on this cluster want."""
    actors = list_named_actors(all_namespaces=True)
    names = [actor["name"] for actor in actors if actor["namespace"] == NAMESPACE]
    demands = [read_demand(name) for name in names]
    return [each for each in demands if each is not None and each.driver != mine.driver]


def read_demand(name: str) -> Demand | None:
    """The demand in an actor's name; None for one of another version."""
    try:
        stated = json.loads(name)
        wanted = WorkerResources(**stated["wanted"])
        return Demand(driver=str(stated["driver"]), wanted=wanted, cap=stated["cap"])
    except (ValueError, TypeError, KeyError):
        return None


def share(mine: Demand, others: Sequence[Demand], nodes: Sequence[Node]) -> int:
    """Workers that a study may have, so that all together fit; at least 1.

    All get the same part of the cluster, but none more than it wants: what a study with few
    `workers` leaves goes to the others. The shares of studies with the same workers add up to
    the room there is, unless there are more studies than workers.
    """
    ordered = sorted([mine, *others], key=lambda demand: demand.driver)
    level = _level([demand.part(nodes) for demand in ordered])
    before = sum(
        min(level, demand.part(nodes)) for demand in ordered if demand.driver < mine.driver
    )
    most = room(nodes, mine.wanted)
    upto = before + min(level, mine.part(nodes))
    # Rounding what all up to each have together loses no worker between them.
    return max(1, _rounded(upto * most) - _rounded(before * most))


def _level(parts: Sequence[float]) -> float:
    """The part that each gets who wants more: what is left is divided until nothing is."""
    left = 1.0
    for done, part in enumerate(sorted(parts)):
        equal = left / (len(parts) - done)
        if part > equal:
            return equal
        left -= part
    return 1.0


def _rounded(value: float) -> int:
    return math.floor(value + 0.5 + _ROUNDING)
