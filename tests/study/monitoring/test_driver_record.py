from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from study.monitoring.driver_log import driver_log
from study.monitoring.driver_record import read_record, recorded


def test_the_record_of_a_run(tmp_path: Path) -> None:
    path = tmp_path / "driver.json"
    with recorded(path, trials=7):
        during = read_record(path)
    assert during is not None and during.pid == os.getpid()
    assert during.trials == 7 and during.ended is None
    after = read_record(path)
    assert after is not None and after.error is None
    assert after.ended is not None and after.ended >= during.started
    assert stat.S_ISREG(path.stat().st_mode) and list(tmp_path.glob(".driver*")) == []


def test_why_a_run_failed_is_kept_and_logged_without_passwords(tmp_path: Path) -> None:
    path = tmp_path / "driver.json"
    with (
        pytest.raises(RuntimeError),
        driver_log(tmp_path / "driver.log", None),
        recorded(path, trials=7),
    ):
        raise RuntimeError("no room\nat postgresql://ann:hunter2@db/x")
    failed = read_record(path)
    assert failed is not None and failed.error == "no room at postgresql://ann:***@db/x"
    begins, ends = (tmp_path / "driver.log").read_text().splitlines()
    assert f"process {os.getpid()} on " in begins and begins.endswith("begins: 7 trials")
    assert ends.endswith("failed: no room at postgresql://ann:***@db/x")


def test_a_record_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    with recorded(tmp_path / "missing" / "driver.json", trials=3):
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_record_of_who_took_the_study_over_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "driver.json"
    with recorded(path, trials=7):
        told = json.loads(path.read_text())
        path.write_text(json.dumps({**told, "pid": 1, "host": "elsewhere"}))
    found = read_record(path)
    assert found is not None and found.host == "elsewhere" and found.ended is None


@pytest.mark.parametrize("text", ["", "[]", '{"pid": 1}', "null"])
def test_a_damaged_record_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "driver.json").write_text(text)
    assert read_record(tmp_path / "driver.json") is None
