"""A disk that fills under the report, a data base that is locked, a storage that is no file."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from analysis.report.files.staging import PAGE, filling
from tests.end_to_end.test_homes import file
from tests.study.commands.conftest import Gradscape, gradscape
from tests.support.left_behind import assert_once_everywhere, mlflow_runs

__all__ = ["file", "gradscape"]


def test_a_disk_that_is_full_when_the_report_is_written_costs_the_report_alone(
    gradscape: Gradscape, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A traceback, with MLflow's parent run RUNNING for ever.
    report = tmp_path / "gradscape/studies/c/report"

    def full(*given: Any) -> Path:
        with filling(report):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(report / PAGE))

    def page(*given: Any) -> Path:
        with filling(report) as scratch:
            (scratch / PAGE).write_text("written")
        return report

    monkeypatch.setattr("study.commands.run._publish", full)
    said = gradscape("run", file, "--local-mode")
    assert said.code == 1 and "Traceback" not in said.err, said
    assert said.err.strip().splitlines()[-1] == (
        f"gradscape: the report cannot be written to {report}: "
        "no space left on device; free space and give the same command again"
    )
    home = tmp_path / "gradscape"
    assert [run.info.status for run in mlflow_runs(home, "c")[0]] == ["FINISHED"]
    assert_once_everywhere(home, "c", 8)
    monkeypatch.setattr("study.commands.run._publish", page)
    said = gradscape("run", file, "--local-mode")
    assert said.code == 0 and (report / PAGE).read_text() == "written", said


@pytest.mark.slow
def test_a_storage_that_is_locked_for_a_while_is_an_outage_of_two_lines(
    gradscape: Gradscape, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The right result, and a hundred lines of SQLAlchemy.
    monkeypatch.setattr("study.databases._LOCKED_S", 0.2)
    monkeypatch.setattr("study.run.finish.SHORT_WAIT_S", 30.0)
    file.write_text(file.read_text() + "storage: sqlite:///optuna.db\n")
    assert gradscape("run", file, "--local-mode", "--no-report", "--trials", 2).code == 0
    parts = tmp_path / "gradscape/studies/c/tables/trials"
    before = len(list(parts.glob("*.parquet")))
    held = threading.Event()

    def lock() -> None:
        while len(list(parts.glob("*.parquet"))) == before:
            time.sleep(0.005)
        with closing(sqlite3.connect(tmp_path / "optuna.db", timeout=30)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            held.set()
            time.sleep(1.0)

    locker = threading.Thread(target=lock, daemon=True)
    locker.start()
    said = gradscape("run", file, "--local-mode", "--no-report")
    assert said.code == 0 and held.is_set(), said
    assert "Traceback" not in said.err and len(said.err.strip().splitlines()) < 15, said
    assert_once_everywhere(tmp_path / "gradscape", "c", 8, storage="sqlite:///optuna.db")


@pytest.mark.parametrize("storage", ["/dev/null", "folder"])
def test_a_storage_that_is_no_file_is_refused_before_anything_is_made(
    gradscape: Gradscape, tmp_path: Path, file: Path, storage: str
) -> None:
    (tmp_path / "folder").mkdir()
    file.write_text(file.read_text() + f"storage: {storage}\n")
    said = gradscape("run", file, "--local-mode")
    assert said.code == 2 and len(said.err.strip().splitlines()) == 1, said
    assert "storage: must be the file of a journal or the URL of a data base, but" in said.err
    assert not (tmp_path / "gradscape").exists()
