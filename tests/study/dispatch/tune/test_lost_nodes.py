"""Nodes and workers lost on a cluster of two nodes: what is told of them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest
import ray

from study.dispatch import RayTuneDispatcher
from study.trial import Cohort
from tests.study.dispatch.clusters import ray_cluster
from tests.study.dispatch.contract import Run, encoded

pytestmark = pytest.mark.slow

NODE = {"num_cpus": 1, "object_store_memory": 100_000_000}


def listening(trials: int) -> tuple[Run, list[str]]:
    """A run, and the reasons that will have been told of lost cohorts."""
    reasons: list[str] = []
    run = Run(trials, limit=4)
    lost = run.queue.lost
    run.queue.lost = lambda cohort, reason, *, halve=False: (
        reasons.append(reason),
        lost(cohort, reason, halve=halve),
    )
    return run, reasons


def test_a_node_and_a_worker_on_another_node_are_lost_and_told() -> None:
    run, reasons = listening(40)
    with ray_cluster(NODE, NODE) as cluster:
        elsewhere = cluster.worker_nodes.copy().pop()
        other = elsewhere.node_id

        def train(cohort: Cohort) -> bytes:
            there = ray.get_runtime_context().get_node_id() == other
            if there and cohort.attempt == 0 and len(cohort.trials) > 2:
                print("last words of", cohort.number, file=sys.stderr, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(0.5)
            return encoded(cohort)

        def remove() -> None:
            while not reasons:
                time.sleep(0.1)
            cluster.remove_node(elsewhere, allow_graceful=False)

        thread = threading.Thread(target=remove)
        thread.start()
        run.on(RayTuneDispatcher(address=cluster.address), train)
        thread.join()
    assert run.numbers == list(range(40)) and run.failed == []
    assert "it last wrote: last words of" in reasons[0]
    # Whether a cohort was under way there in that moment is left to chance.
    assert all(" lost" in one or "died" in one for one in reasons[1:])


def test_the_loss_of_a_node_is_told_as_such() -> None:
    run, reasons = listening(12)
    with ray_cluster(NODE, NODE) as cluster:
        elsewhere = cluster.worker_nodes.copy().pop()
        other = elsewhere.node_id

        def train(cohort: Cohort) -> bytes:
            if ray.get_runtime_context().get_node_id() == other:
                time.sleep(600)
            return encoded(cohort)

        def remove() -> None:
            while not run.delivered:
                time.sleep(0.1)
            time.sleep(10.0)
            cluster.remove_node(elsewhere, allow_graceful=False)

        thread = threading.Thread(target=remove)
        thread.start()
        run.on(RayTuneDispatcher(address=cluster.address), train)
        thread.join()
    assert run.numbers == list(range(12)) and run.failed == []
    assert reasons and all("node" in one and "lost" in one for one in reasons), reasons
