"""Studies on real clusters of several nodes: where workers are put, and when they are refused."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
import ray
import torch

from search_spaces.errors import InputError
from study import StudyConfig, run_study
from study.dispatch import RayTuneDispatcher
from study.dispatch.cluster.placement import WorkerResources
from study.tracking import NullTracker
from study.trial import Cohort
from tests.study.commands.conftest import STUDY
from tests.study.dispatch.clusters import Shape, add_node, ray_cluster
from tests.study.dispatch.contract import Run

SMALL: Shape = {"num_cpus": 1}


class Placed:
    """Stands in for training: says which process of which node did it, and what GPUs it sees.

    Args:
        meet: Folder in which workers wait for each other, each in its first cohort.
        together: How many wait there.
    """

    def __init__(self, meet: Path | None = None, together: int = 0) -> None:
        self.meet = meet
        self.together = together

    def __call__(self, cohort: Cohort) -> bytes:
        time.sleep(0.05)
        if self.meet is not None:
            (self.meet / str(os.getpid())).touch()
            deadline = time.monotonic() + 240
            while len(list(self.meet.iterdir())) < self.together and time.monotonic() < deadline:
                time.sleep(0.05)
        context = ray.get_runtime_context()
        return json.dumps(
            {
                "trials": [trial.number for trial in cohort.trials],
                "node": context.get_node_id(),
                "pid": os.getpid(),
                "gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
            }
        ).encode()


def placed(run: Run) -> list[dict]:
    return [json.loads(payload) for _, payload in run.delivered]


def trials(run: Run) -> list[int]:
    return sorted(number for one in placed(run) for number in one["trials"])


def labels_of(node_id: str) -> dict[str, str]:
    return next(node["Labels"] for node in ray.nodes() if node["NodeID"] == node_id)


@pytest.fixture(scope="module")
def eight_cores() -> Iterator[str]:
    """The address of one node of eight logical cores and two logical GPUs."""
    with ray_cluster({"num_cpus": 8, "num_gpus": 2}) as cluster:
        yield cluster.address


@pytest.fixture
def large(eight_cores: str) -> Iterator[str]:
    """The same, of which nothing is left connected."""
    yield eight_cores
    ray.shutdown()


@pytest.mark.slow
def test_a_quarter_of_a_gpu_each_schedules_eight_workers_and_sets_their_devices(tmp_path, large):
    wanted = WorkerResources(gpus=0.25)
    run = Run(128, limit=8).on(
        RayTuneDispatcher(resources=wanted, address=large), Placed(tmp_path, together=8)
    )
    assert trials(run) == list(range(128))
    devices = {one["pid"]: one["gpus"] for one in placed(run)}
    assert len(devices) == 8
    assert Counter(devices.values()) == {"0": 4, "1": 4}


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_workers_with_logical_gpus_say_that_there_is_no_cuda_or_train_on_the_cpu(tmp_path, large):
    resources = "{workers: 2, gpus_per_worker: 0.25DEVICE}"
    text = STUDY.replace("trials: 12", f"trials: 12\nresources: {resources}")
    ray.init(address=large, log_to_driver=False)
    for device, refused in (("", True), (", device: cpu", False)):
        config = StudyConfig.from_text(text.replace("DEVICE", device))
        with pytest.raises(InputError) if refused else nullcontext() as caught:
            result = run_study(
                config, home=tmp_path, open_tracker=lambda config, paths: NullTracker()
            )
        if refused:
            assert f"node {socket.gethostname()} has no CUDA" in str(caught.value)
        else:
            assert result.complete and result.trained == 12


@pytest.mark.slow
def test_workers_caps_what_a_study_takes_of_a_larger_cluster(tmp_path, large):
    run = Run(160, limit=8).on(
        RayTuneDispatcher(workers=2, address=large), Placed(tmp_path, together=2)
    )
    assert trials(run) == list(range(160))
    assert len({one["pid"] for one in placed(run)}) == 2


@pytest.mark.slow
def test_workers_go_to_the_nodes_that_have_the_resource_and_the_label():
    shapes = [
        SMALL,
        {"num_cpus": 1, "resources": {"rack": 2}, "labels": {"zone": "a"}},
        {"num_cpus": 1, "resources": {"rack": 2}, "labels": {"zone": "b"}},
    ]
    with ray_cluster(*shapes) as cluster:
        ray.init(address=cluster.address, log_to_driver=False)
        wanted = WorkerResources(custom={"rack": 1.5}, labels={"zone": "!a"})
        run = Run(64, limit=8).on(RayTuneDispatcher(resources=wanted), Placed())
        nodes = {one["node"] for one in placed(run)}
        assert [labels_of(node)["zone"] for node in nodes] == ["b"]
    assert trials(run) == list(range(64))


@pytest.mark.slow
def test_what_no_node_can_hold_is_refused_within_seconds_and_says_what_nodes_have():
    wanted = {
        "8 CPU": WorkerResources(cpus=8),
        "1 CPU, 0.5 GPU": WorkerResources(gpus=0.5),
        "1 CPU, 3 rack": WorkerResources(custom={"rack": 3}),
        "1 CPU on a node with the labels zone: b,": WorkerResources(labels={"zone": "b"}),
    }
    has = {
        "8 CPU": "1 CPU; 2 CPU",
        "1 CPU, 0.5 GPU": "1 CPU, 0 GPU; 2 CPU, 0 GPU",
        "1 CPU, 3 rack": "1 CPU, 0 rack; 2 CPU, 2 rack",
        "1 CPU on a node with the labels zone: b,": "1 CPU, zone: absent; 2 CPU, zone: a",
    }
    second = {"num_cpus": 2, "resources": {"rack": 2}, "labels": {"zone": "a"}}
    with ray_cluster(SMALL, second) as cluster:
        ray.init(address=cluster.address, log_to_driver=False)
        for needs, resources in wanted.items():
            started = time.monotonic()
            with pytest.raises(InputError) as caught:
                Run(4).on(RayTuneDispatcher(resources=resources), Placed())
            assert str(caught.value) == (
                f"resources: a worker must fit on a node, but it needs {needs} and the nodes have "
                f"{has[needs]}"
            )
            assert time.monotonic() - started < 60


@pytest.mark.slow
def test_a_node_that_joins_is_used_and_one_that_leaves_is_not_waited_for():
    """Tune ended each worker that started on the new node, as long as others became free."""
    with ray_cluster(SMALL) as cluster:
        ray.init(address=cluster.address, log_to_driver=False)
        run = Run(100_000, limit=8)
        study = threading.Thread(target=run.on, args=(RayTuneDispatcher(), Placed()))
        study.start()
        wait_until(lambda: len(run.delivered) > 3)
        add_node(cluster, SMALL)
        wait_until(lambda: len({one["node"] for one in placed(run)}) == 2)
        cluster.remove_node(next(iter(cluster.worker_nodes)))
        so_far = len(run.delivered)
        wait_until(lambda: len(run.delivered) > so_far + 10)
        run.stop.set()
        study.join()
    # Each once, without a gap but for what was in training when the study was stopped.
    assert len(trials(run)) == len(set(trials(run))) and run.failed == []
    assert len({one["node"] for one in placed(run)[-5:]}) == 1


def wait_until(reached: Callable[[], bool], timeout_s: float = 240.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)
