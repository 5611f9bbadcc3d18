from __future__ import annotations

from collections.abc import Sequence

import pytest

from study.dispatch.cluster.placement import Node, WorkerResources
from study.dispatch.cluster.sharing import Demand, read_demand, share

ONE_CPU = WorkerResources(cpus=1.0)
FOUR_CPUS = WorkerResources(cpus=4.0)
SHARED_GPU = WorkerResources(cpus=1.0, gpus=0.25)


def nodes(*cpus: float, gpus: float = 0.0) -> list[Node]:
    return [Node(resources={"CPU": each, "GPU": gpus}) for each in cpus]


def shares(
    cluster: Sequence[Node], *caps: int | None, wanted: WorkerResources = ONE_CPU
) -> list[int]:
    """Of studies that came in this order."""
    demands = [
        Demand(driver=f"{place:08d}", wanted=wanted, cap=cap) for place, cap in enumerate(caps)
    ]
    return [share(mine, [one for one in demands if one is not mine], cluster) for mine in demands]


@pytest.mark.parametrize(
    ("caps", "expected"),
    [
        ([None], [10]),
        ([3], [3]),
        ([30], [10]),
        ([None, None], [5, 5]),
        ([None, None, None], [3, 4, 3]),
        ([2, None], [2, 8]),
        ([None, 2], [8, 2]),
        ([2, None, None], [2, 4, 4]),
        ([7, None], [5, 5]),
        ([7, 1, None], [5, 1, 4]),
        ([3, 3, 3], [3, 3, 3]),
        ([6, 6], [5, 5]),
        ([20, 20], [5, 5]),
    ],
)
def test_equal_parts_and_none_more_than_it_wants(
    caps: list[int | None], expected: list[int]
) -> None:
    assert shares(nodes(4, 6), *caps) == expected


@pytest.mark.parametrize("cpus", range(1, 20))
def test_no_worker_is_lost_and_none_promised_twice(cpus: int) -> None:
    for studies in range(1, 20):
        found = shares(nodes(cpus), *[None] * studies)
        if studies <= cpus:
            assert sum(found) == cpus and max(found) - min(found) <= 1
        else:
            assert set(found) == {1}  # Some wait until others have ended.


def test_workers_of_different_sizes() -> None:
    cluster = nodes(16, 16)
    small = Demand(driver="1", wanted=ONE_CPU)
    large = Demand(driver="2", wanted=FOUR_CPUS)
    assert share(small, [large], cluster) == 16
    assert share(large, [small], cluster) == 4
    on_gpus = Demand(driver="3", wanted=SHARED_GPU)
    # Who fits nowhere takes nothing from the others.
    assert share(small, [on_gpus], cluster) == 32
    assert share(on_gpus, [small], nodes(16, gpus=2.0)) == 4


def test_what_is_told_to_others_comes_back() -> None:
    wanted = WorkerResources(cpus=2, gpus=0.5, custom={"fpga": 1.0}, labels={"zone": "a"})
    demand = Demand(driver="02000000", wanted=wanted, cap=7)
    assert read_demand(demand.name) == demand
    for foreign in (
        "",
        "somebody's actor",
        "[]",
        '{"driver": "1"}',
        '{"driver": "1", "cap": 1, "wanted": {"x": 1}}',
    ):
        assert read_demand(foreign) is None
