from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from study.dispatch.tune.tune_folder import PREFIX, sweep, tune_folder
from study.dispatch.tune.worker_death import (
    SHOWN_CHARACTERS,
    WorkerProcess,
    explain,
    last_words,
    read_end,
)

WORKER = WorkerProcess(node_id="n", host="gpu7", pid=41)

STUCK = """Timeout (0:00:02)!
Thread 0x1 (most recent call first):
  File "/ray/gc.py", line 29 in run

Thread 0x2 (most recent call first):
  File "/home/ann/my_network.py", line 8 in forward
  File "/ray/worker.py", line 1069 in main_loop
"""

CRASHED = """:job_id:01000000
Fatal Python error: Segmentation fault

Current thread 0x2 (most recent call first):
  File "/usr/lib/python3.11/ctypes/__init__.py", line 519 in string_at
  File "/ray/worker.py", line 1069 in main_loop
Extension modules: numpy (total: 1)
"""


def loss(error="the worker died", output="", *, worker=WORKER, trained_s=5.0, limit_s=None):
    return explain(
        RuntimeError(error), worker, trained_s=trained_s, limit_s=limit_s, read=lambda one: output
    )


def test_a_killed_worker_is_named_with_its_last_words():
    told = loss(output=":job_id:01\nloading data\n\nCUDA error: device lost\n")
    assert told.reason == (
        "its worker (process 41 on gpu7) died: killed, perhaps for memory, or crashed; "
        "it last wrote: loading data | CUDA error: device lost"
    )
    assert told.halve  # The kernel's out-of-memory killer says nothing.


def test_a_crash_is_told_with_its_place():
    assert (
        "Segmentation fault at __init__.py, line 519, in string_at" in loss(output=CRASHED).reason
    )


def test_a_stuck_worker_is_told_with_where_it_was():
    told = loss(output=STUCK, trained_s=121.0, limit_s=120.0)
    assert told.reason == (
        "it trained for longer than resources.cohort_minutes = 2, and its worker (process 41 on "
        "gpu7) was ended, at my_network.py, line 8, in forward"
    )


def test_what_a_worker_wrote_is_told_without_passwords():
    told = loss(output="cannot reach postgresql://ann:s3cret@db/optuna\n")
    assert "postgresql://ann:***@db/optuna" in told.reason


def test_memory_and_nodes_are_told_apart():
    memory = loss("Task was killed due to the node running low on memory")
    assert "memory ran out" in memory.reason and memory.halve
    silent = explain(
        RuntimeError("unavailable"), WORKER, trained_s=9, limit_s=1, read=lambda one: None
    )
    assert silent.reason == "its worker (process 41 on gpu7) or the node was lost"
    assert not silent.halve
    node = loss("The actor died because its node has died. Node Id: 7", output="irrelevant")
    assert node.reason == "the node of its worker (process 41 on gpu7) was lost" and not node.halve
    assert (
        "before it began"
        in explain(None, None, trained_s=0.0, limit_s=None, read=lambda one: "").reason
    )


def test_what_is_told_of_a_long_output_is_bounded(tmp_path: Path):
    file = tmp_path / "err"
    file.write_text("x" * 10**6 + "\nthe last line\n")
    words = last_words(read_end(str(file)))
    assert words.endswith("the last line") and len(words) <= SHOWN_CHARACTERS
    assert read_end(str(tmp_path / "none")) == ""


def test_folders_of_dead_drivers_are_removed_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    names = {
        "dead": f"{PREFIX}{dead.pid}-ab_1",
        "alive": f"{PREFIX}{os.getppid()}-ab_1",
        "strange": f"{PREFIX}nobody",
    }
    for name in names.values():
        (tmp_path / name).mkdir()
    (tmp_path / f"{PREFIX}{dead.pid}-link").symlink_to(tmp_path / names["strange"])
    sweep(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {names["alive"], names["strange"], f"{PREFIX}{dead.pid}-link"}
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with tune_folder() as folder:
        assert Path(folder).name.startswith(f"{PREFIX}{os.getpid()}-")
        sweep(tmp_path)
        assert Path(folder).is_dir()
    assert not Path(folder).exists()
