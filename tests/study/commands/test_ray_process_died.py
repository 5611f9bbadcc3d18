"""A process of Ray is killed under `gradscape run`: a person reads of it once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ray._private import worker
from ray._private.node import Node

from study.dispatch import InProcessDispatcher
from study.dispatch.cluster import ray_processes
from study.dispatch.tune.searcher import RunState
from tests.study.commands.conftest import STUDY, Gradscape, gradscape

__all__ = ["gradscape"]


class Process:
    """As Ray keeps one that it has started."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


class LosesItsRay:
    """Implements `Dispatcher`: trains in this process, beside a Ray that dies when it is done."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def run(self, queue: Any, train: Any, deliver: Any, *, stop: Any) -> None:
        state = RunState(queue, stop)
        with ray_processes.processes_watched(state.fail):
            InProcessDispatcher().run(queue, train, deliver, stop=stop)
            self._process.process.kill()
            while state.failure is None:
                self._process.process.wait()
            raise state.failure


def test_one_line_stands_on_the_terminal_and_in_the_log(
    gradscape: Gradscape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, process = Node.__new__(Node), Process()
    node.all_processes = {"gcs_server": [process]}
    monkeypatch.setattr(worker, "_global_node", node)
    monkeypatch.setattr(ray_processes, "LOOK_S", 0.02)
    monkeypatch.setattr("study.run.run_study.ray_dispatcher", lambda config: LosesItsRay(process))
    file = tmp_path / "small.yaml"
    file.write_text(STUDY.replace("trials: 12", "trials: 2").replace("steps: 60", "steps: 4"))
    said = gradscape("run", file, "--no-report")
    process.process.communicate()
    text = (
        "Ray's process gcs_server on this machine has died; what was recorded is safe, the same "
        "command goes on"
    )
    assert said.code == 1
    assert said.err.count(text) == 1, said.err
    log = (tmp_path / "gradscape/studies/small/driver.log").read_text()
    assert f"  {text}\n" in log and f"failed: {text}" in log
