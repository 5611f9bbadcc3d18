"""What a person must see of a run is in its log: memory that ran out, lost workers, no nodes."""

from __future__ import annotations

import logging
import re
import socket
import threading
from pathlib import Path

import pytest

from study import StudyConfig, run_study
from study.commands.logs import GrowingLog
from study.dispatch import CohortQueue, InProcessDispatcher
from study.dispatch.cluster import autoscaler, capacity
from study.dispatch.cluster.placement import Node, WorkerResources
from study.dispatch.dispatcher import Deliver, Train
from study.monitoring import driver_log
from study.tracking import NullTracker
from tests.study.commands.conftest import STUDY, Gradscape
from tests.support.driver import gradscape as run_command

TASK = """
import dataclasses
import os
import signal
from pathlib import Path

import torch

from study.engine import TASKS

KILLED = Path(__file__).with_name("killed")
seen = 0


def tight():
    digits = TASKS["digits"]()

    def loss(outputs, targets):
        global seen
        # 0 where the task is only tried, with examples that are no whole number of batches or in
        # one step of two trials before all others, and where a sample of the data is looked at.
        only_looked_at = len(outputs) % 32 or not torch.is_grad_enabled()
        trials = 0 if only_looked_at else len(outputs) // 32
        seen += trials > 0
        if trials == 2 and seen == 1:
            trials = 0
        if trials > ROOM:
            raise torch.OutOfMemoryError(f"no room for {trials} trials")
        if trials > 1 and KILL and not KILLED.exists():
            KILLED.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return digits.loss(outputs, targets)

    return dataclasses.replace(digits, loss=loss)
"""
"""A task with memory for ROOM trials; with KILL its first worker is killed once in training."""

TIGHT = """
study: tight
task: tight_for_ROOM:tight
network: mlp
hyperparameters: {depth: 2, width: 16, batch_size: 32, learning_rate: {low: 0.01, high: 0.1}}
steps: 5
trials: 4
resources: {workers: 1, max_retries: 1}
"""

HALVING = "out of memory with 4 trials at once; going on with 2"


def write_tight_study(folder: Path, *, room: int = 2, kill: bool = False) -> Path:
    # A name of its own for each: a process imports a module once.
    (folder / f"tight_for_{room}.py").write_text(f"ROOM, KILL = {room}, {kill}\n{TASK}")
    (folder / "tight.yaml").write_text(TIGHT.replace("ROOM", str(room)))
    return folder / "tight.yaml"


def test_memory_that_runs_out_in_process_is_in_the_log(
    gradscape: Gradscape, tmp_path: Path
) -> None:
    # The line went to stderr alone: whoever looked later saw nothing of it.
    file = write_tight_study(tmp_path)
    ran = gradscape("run", file, "--local-mode", "--no-report")
    assert ran.code == 0 and ran.err.count(HALVING) == 1, ran
    assert gradscape("logs", "tight").out.count(HALVING) == 1
    assert logging.getLogger("gradscape").handlers == []


def test_a_cohort_lost_in_process_is_in_the_log_with_what_becomes_of_it(
    gradscape: Gradscape, tmp_path: Path
) -> None:
    # A cohort that did not fit in this process was trained again without a word.
    file = write_tight_study(tmp_path, room=0)
    assert gradscape("run", file, "--local-mode", "--no-report").code == 1
    log = gradscape("logs", "tight").out
    assert "cohort 0 (4 trials) lost, attempt 1: OutOfMemoryError: no room for 1 trials" in log
    assert "; they are trained again, in two halves" in log
    assert re.search(r"\(1 trial\) lost, attempt 3: .*; they count as failed, see", log), log
    assert "trial 3 failed: OutOfMemoryError: no room for 1 trials" in log


@pytest.mark.slow
def test_what_happens_on_rays_workers_is_in_the_log(gradscape: Gradscape, tmp_path: Path) -> None:
    # A worker's own lines were lost with it, and the driver's stood in no log.
    ran = run_command(
        "run", write_tight_study(tmp_path, kill=True), "--no-report", folder=tmp_path
    )
    assert ran.code == 0, ran
    log = gradscape("logs", "tight").out
    # What is printed is the log of a job on a cluster, which `logs --address` shows.
    for text in (log, ran.err):
        assert f"cohort 0 on {socket.gethostname()}: {HALVING}" in text, text
        lost = re.search(r"cohort 0 \(4 trials\) lost, attempt 1: (.*)", text)
        assert lost is not None and "its worker (process " in lost[1], text
        assert "died: killed, perhaps for memory, or crashed" in lost[1]
        assert lost[1].endswith("; they are trained again, in two halves")
        assert text.index(HALVING) < text.index("lost, attempt 1")


class WithoutNodes:
    """Trains in this process, on a cluster whose nodes are still to come and go once more."""

    def run(
        self, queue: CohortQueue, train: Train, deliver: Deliver, *, stop: threading.Event
    ) -> None:
        room = capacity.Capacity(WorkerResources(), clock=iter(range(0, 100, 10)).__next__)
        room.check()
        self.nodes = [Node(resources={"CPU": 2.0}, labels={})]
        room.workers()
        self.nodes = []
        room.workers()
        InProcessDispatcher().run(queue, train, deliver, stop=stop)

    nodes: list[Node] = []


def test_that_no_node_can_hold_a_worker_is_in_the_log(
    gradscape: Gradscape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It was printed by the driver and stood in no log.
    dispatcher = WithoutNodes()
    monkeypatch.setattr(capacity, "cluster_nodes", lambda: dispatcher.nodes)
    monkeypatch.setattr(capacity, "own_demand", lambda wanted, cap: None)
    monkeypatch.setattr(capacity, "demands_of_others", lambda own: [])
    monkeypatch.setattr(autoscaler, "can_grow", lambda: False)
    monkeypatch.setattr(autoscaler, "ask", lambda wanted: autoscaler.Answer.MAY_COME)
    notices: list[str] = []
    result = run_study(
        StudyConfig.from_text(STUDY),
        home=tmp_path / "gradscape",
        dispatcher=dispatcher,
        open_tracker=lambda config, paths: NullTracker(),
        on_notice=notices.append,
    )
    assert result.complete
    log = gradscape("logs", "small").out
    for text in (
        "no node can hold a worker yet; waiting for the cluster to start one",
        "no node of the cluster can hold a worker now; waiting for one",
    ):
        assert log.count(text) == 1 and notices.count(text) == 1


def test_a_growing_log_is_read_whole_though_it_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The last lines before a log was renamed were left out, and the first of the next one where
    # that had grown beyond the former in the meantime.
    monkeypatch.setattr(driver_log, "LARGEST_BYTES", 1000)
    path = tmp_path / "driver.log"
    logger = logging.getLogger("gradscape.test")
    read = ""
    with GrowingLog(path) as log, driver_log.driver_log(path, None):
        assert log.read() == ""
        for number in range(100):
            logger.info("line %d", number)
            if number % 7 == 0:
                read += log.read()
        read += log.read()
    assert [int(line.rsplit(" ", 1)[1]) for line in read.splitlines()] == list(range(100))
