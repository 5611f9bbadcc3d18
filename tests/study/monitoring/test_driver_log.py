from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from study.monitoring import driver_log
from study.monitoring.driver_log import DriverLog, read_record
from study.monitoring.progress import StudyProgress


def progress(recorded: int, total: int = 10) -> StudyProgress:
    return StudyProgress(
        total=total, before=0, recorded=recorded, verdicts={"stable": recorded}, elapsed_s=2.0
    )


def test_lines_have_times_and_no_passwords(tmp_path: Path) -> None:
    log = DriverLog(tmp_path / "driver.log")
    log.line("MLflow at http://ann:hunter2@tracking:5000\nis away")
    (line,) = (tmp_path / "driver.log").read_text().splitlines()
    assert line[4] == "-" and line[13] == ":"
    assert line.endswith("MLflow at http://ann:***@tracking:5000 is away")


def test_progress_is_written_from_time_to_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = DriverLog(tmp_path / "driver.log")
    shown: list[int] = []
    show = log.also_progress(lambda one: shown.append(one.recorded))
    for recorded in range(11):
        show(progress(recorded))
    assert shown == list(range(11))
    lines = (tmp_path / "driver.log").read_text().splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == [
        "0/10 trials  0 stable",
        "10/10 trials  5.0 trials/s  10 stable",
    ]


def test_it_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_log, "LARGEST_BYTES", 1000)
    log = DriverLog(tmp_path / "driver.log")
    for number in range(100):
        log.line(f"line {number}")
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 2 and max(sizes) < 1100
    assert (tmp_path / "driver.log").read_text().endswith("line 99\n")


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    log = DriverLog(tmp_path / "missing" / "driver.log")
    log.line("lost")
    with log.recorded(tmp_path / "missing" / "driver.json", trials=3):
        pass


def test_the_record_of_a_run(tmp_path: Path) -> None:
    path = tmp_path / "driver.json"
    log = DriverLog(tmp_path / "driver.log")
    with log.recorded(path, trials=7):
        during = read_record(path)
    assert during is not None and during.pid == os.getpid()
    assert during.trials == 7 and during.ended is None
    after = read_record(path)
    assert after is not None and after.error is None
    assert after.ended is not None and after.ended >= during.started
    with (
        pytest.raises(RuntimeError),
        log.recorded(path, trials=7),
    ):
        raise RuntimeError("no room\nat postgresql://ann:hunter2@db/x")
    failed = read_record(path)
    assert failed is not None and failed.error == "no room at postgresql://ann:***@db/x"
    assert "failed: no room at" in (tmp_path / "driver.log").read_text()
    assert stat.S_ISREG(path.stat().st_mode) and list(tmp_path.glob(".driver*")) == []


def test_the_record_of_who_took_the_study_over_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "driver.json"
    with DriverLog(tmp_path / "driver.log").recorded(path, trials=7):
        told = json.loads(path.read_text())
        path.write_text(json.dumps({**told, "pid": 1, "host": "elsewhere"}))
    found = read_record(path)
    assert found is not None and found.host == "elsewhere" and found.ended is None


@pytest.mark.parametrize("text", ["", "[]", '{"pid": 1}', "null"])
def test_a_damaged_record_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "driver.json").write_text(text)
    assert read_record(tmp_path / "driver.json") is None
