"""A process of the Ray of this machine is killed: one line, and the study ends."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from ray._private import worker
from ray._private.node import Node

from study.dispatch.cluster import ray_processes
from study.errors import DispatchError


class Started:
    """As Ray keeps a process that it has started."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


@pytest.mark.parametrize(
    ("kind", "ends"), [("gcs_server", True), ("raylet", True), ("log_monitor", False)]
)
def test_is_told_within_seconds(
    kind: str, ends: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # Ray ends the driver a minute after its GCS is gone, with a screenful and nothing in the log.
    node = Node.__new__(Node)
    node.all_processes = {name: [Started()] for name in ("gcs_server", "raylet", "log_monitor")}
    monkeypatch.setattr(worker, "_global_node", node)
    monkeypatch.setattr(ray_processes, "LOOK_S", 0.02)
    failed = threading.Event()
    errors: list[BaseException] = []

    def fail(error: BaseException) -> None:
        errors.append(error)
        failed.set()

    killed = node.all_processes[kind][0].process
    with ray_processes.processes_watched(fail):
        assert not failed.wait(0.2)
        killed.kill()
        assert failed.wait(120.0 if ends else 0.3) is ends
    for each in node.all_processes.values():
        each[0].process.kill()
        each[0].process.communicate()
    text = (
        f"Ray's process {kind} on this machine has died; what was recorded is safe, the same "
        "command goes on"
    )
    assert caplog.messages == [str(error) for error in errors] == ([text] if ends else [])
    assert all(isinstance(error, DispatchError) for error in errors)
