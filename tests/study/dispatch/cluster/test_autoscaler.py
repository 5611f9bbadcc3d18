"""What an autoscaler can start is no reason to refuse a worker; what it cannot start is."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import ray

from search_spaces.errors import InputError
from study.dispatch import RayTuneDispatcher
from study.dispatch.cluster.placement import WorkerResources
from tests.study.dispatch.autoscaling import autoscaling_cluster
from tests.study.dispatch.cluster.test_clusters import Placed, placed, trials
from tests.study.dispatch.contract import Run

pytestmark = pytest.mark.slow

GPU_NODE = {"resources": {"CPU": 1, "GPU": 1}, "labels": {"zone": "a"}}


@pytest.fixture(scope="module")
def second_version() -> Iterator[str]:
    """The address of a cluster whose autoscaler, of version 2, may start two nodes."""
    with autoscaling_cluster(version=2, node=GPU_NODE, at_most=2) as address:
        yield address


@pytest.fixture
def connected(second_version: str) -> Iterator[None]:
    """This process is connected to that cluster."""
    ray.init(address=second_version, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.mark.usefixtures("connected")
def test_what_the_autoscaler_cannot_start_is_refused_within_seconds():
    for wanted in (WorkerResources(gpus=2), WorkerResources(gpus=1, labels={"zone": "b"})):
        started = time.monotonic()
        with pytest.raises(InputError, match="1 CPU, 0 GPU.*autoscaler can start none"):
            Run(4).on(RayTuneDispatcher(resources=wanted), Placed())
        assert time.monotonic() - started < 60


@pytest.mark.usefixtures("connected")
def test_nodes_that_the_autoscaler_can_start_are_started_and_used(tmp_path):
    wanted = WorkerResources(gpus=1, labels={"zone": "a"})
    run = Run(160, limit=8).on(RayTuneDispatcher(resources=wanted), Placed(tmp_path, together=2))
    assert trials(run) == list(range(160))
    assert len({one["node"] for one in placed(run)}) == 2


def test_the_first_version_of_the_autoscaler_is_trusted_to_start_what_is_wanted():
    with autoscaling_cluster(version=1, node=GPU_NODE, at_most=1) as address:
        ray.init(address=address, log_to_driver=False)
        run = Run(16, limit=8).on(RayTuneDispatcher(resources=WorkerResources(gpus=1)), Placed())
    assert trials(run) == list(range(16))
