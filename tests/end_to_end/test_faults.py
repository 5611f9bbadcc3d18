"""What a study needs goes away while it runs: the disk, Optuna's data base, MLflow's voice."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis import load_trials
from tests.support.driver import Command, gradscape, write_slow_study
from tests.support.left_behind import assert_once_everywhere
from tests.support.postgresql import PostgresServer

pytestmark = pytest.mark.slow

START_S = 240.0
"""A busy machine takes long to start a driver and its Ray."""

LOCAL, RAY = ("--local-mode", "--no-report"), ("--no-report",)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of its own, of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "gradscape-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a file system can be mounted by root only, and not in every container")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_ends_the_run_in_one_line_and_freed_it_goes_on(
    tmp_path: Path, small_disk: Path
) -> None:
    file = write_slow_study(tmp_path, seconds="0.04", extra=f"tracking_uri: {sqlite(tmp_path)}\n")
    home = small_disk / "home"
    driver = Command("run", file, *RAY, "--home", home, folder=tmp_path)
    driver.wait_for_parts(home, 1, START_S)
    ballast = small_disk / "ballast"
    fill(ballast)
    ended = driver.end()
    assert ended.code == 1, ended
    last = ended.err.splitlines()[-1]
    assert "the disk is full; free space and run the study again to continue it" in last
    assert "Traceback" not in ended.err + ended.out
    recorded = load_trials("slow", home=home)
    assert 4 <= len(recorded) < 24 and len(recorded) % 4 == 0

    ballast.unlink()
    ended = gradscape("run", file, *LOCAL, "--home", home, folder=tmp_path)
    assert ended.code == 0, ended
    table = assert_once_everywhere(home, "slow", 24, sqlite(tmp_path)).set_index("trial")
    kept = table.loc[recorded["trial"], "train_seconds"].tolist()
    assert kept == recorded["train_seconds"].tolist()


def test_a_silent_mlflow_keeps_no_tables_waiting(tmp_path: Path) -> None:
    # It accepts and says nothing: each call takes 20 s, in which nothing was written.
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        file = write_slow_study(tmp_path, extra=f"tracking_uri: {uri}\n")
        driver = Command("run", file, *LOCAL, folder=tmp_path)
        driver.wait_for_parts(tmp_path / "gradscape", 1, START_S)
        began = time.monotonic()
        driver.wait_for_parts(tmp_path / "gradscape", 6)
        assert time.monotonic() - began < 60.0
        ended = driver.end()
    assert ended.code == 1, ended
    assert "24 trials are recorded but not yet in MLflow and Optuna" in ended.err
    assert ended.err.count("training goes on, and its results are delivered later") == 1


def test_a_data_base_that_is_away_for_a_while_is_not_seen_in_the_end(
    tmp_path: Path, postgresql: PostgresServer
) -> None:
    url = postgresql.new_url()
    # This sampler gets 64 ahead, so that trials are asked while the data base is away, too.
    file = write_slow_study(tmp_path, seconds="0.04", extra=f"storage: {url}\nsampler: tpe\n")
    file.write_text(file.read_text().replace("trials: 24", "trials: 80"))
    driver = Command("run", file, *LOCAL, folder=tmp_path)
    driver.wait_for_parts(tmp_path / "gradscape", 2, START_S)
    postgresql.stop()
    time.sleep(6.0)
    driver.wait_for_words("training goes on")
    postgresql.start()
    ended = driver.end()
    assert ended.code == 0, ended
    assert "Traceback" not in ended.err
    # Once for what could not be asked, once for what could not be told.
    assert 1 <= ended.err.count("training goes on") <= 2
    assert_once_everywhere(tmp_path / "gradscape", "slow", 80, storage=url)


def sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'mlflow.db'}"


def fill(file: Path) -> None:
    """All the space that is left."""
    with file.open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(b"0" * 4096)
    assert shutil.disk_usage(file.parent).free < 4096
