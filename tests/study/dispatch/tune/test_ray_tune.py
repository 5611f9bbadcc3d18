from __future__ import annotations

import statistics
from itertools import pairwise

import pytest
import ray

from search_spaces.errors import InputError
from study.dispatch import RayTuneDispatcher
from study.dispatch.cluster.placement import WorkerResources
from study.dispatch.cluster.ray_cluster import environment
from tests.study.dispatch.contract import DispatcherContract, Echo, Run
from tests.support.warm import forked_workers


@pytest.fixture(scope="module", autouse=True)
def local_ray():
    with environment(), forked_workers():
        ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture
def dispatcher():
    return RayTuneDispatcher(workers=2)


@pytest.mark.slow
class TestRayTune(DispatcherContract):
    """The whole contract: each test starts two actors, about 3 s."""


@pytest.mark.slow
def test_a_lost_worker_is_replaced_and_every_trial_is_delivered_once(dispatcher):
    run = Run(60, limit=8).on(dispatcher, Echo(die=(30, 1)))
    assert run.numbers == list(range(60))
    assert run.failed == []


@pytest.mark.slow
def test_a_process_trains_cohort_after_cohort_with_no_pause_between(dispatcher, tmp_path):
    Run(480, limit=8).on(dispatcher, Echo(log=str(tmp_path / "log")))
    rows = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    pids = {row[0] for row in rows}
    assert len(rows) == 60
    assert len(pids) <= 2
    spans = [sorted((float(a), float(b)) for p, a, b in rows if p == pid) for pid in pids]
    gaps = [after[0] - before[1] for one in spans for before, after in pairwise(one)]
    # About 20 ms on an idle machine; what this guards against are Tune's sleeps of a second.
    assert statistics.median(gaps) < 0.5


@pytest.mark.slow
def test_a_worker_that_no_node_can_hold_is_refused_at_once():
    greedy = RayTuneDispatcher(resources=WorkerResources(cpus=64))
    with pytest.raises(InputError, match="needs 64 CPU and the nodes have 2 CPU"):
        Run(4).on(greedy, Echo())
