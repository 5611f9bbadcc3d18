"""Drivers of a study whose storage is a data base: killed, elsewhere, stopped, taken over."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import time
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from analysis import load_trials
from study.databases import has_table, make_engine
from study.tracking import default_tracking_uri
from tests.support.driver import Command, gradscape, write_slow_study
from tests.support.left_behind import (
    assert_once_everywhere,
    assert_same_study,
    mlflow_runs,
    optuna_trials,
)

pytestmark = pytest.mark.slow

LOCAL = ("--local-mode", "--no-report")

TERM_S = 4.0
"""Of the leases here, so that one need not wait for a minute."""


@pytest.fixture(autouse=True)
def short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADSCAPE_LEASE_SECONDS", str(TERM_S))


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/optuna.db"
    return str(request.getfixturevalue("postgresql_url"))


ONE_IS_ENOUGH = pytest.mark.parametrize("storage", ["postgresql"], indirect=True)
"""For what a driver does in the same way whatever the data base.

Optuna's tables and the lease in an SQLite file are what `test_killed_and_run_again_at_once` sees.
"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home of the slow study run in one go on one machine."""
    folder = tmp_path_factory.mktemp("undisturbed")
    file = write_slow_study(folder, seconds="0.0")
    ended = gradscape("run", file, *LOCAL, folder=folder)
    assert ended.code == 0, ended
    return folder / "gradscape"


def slow_study(folder: Path, storage: str, *, seconds: str = "0.02", extra: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    return write_slow_study(folder, seconds=seconds, extra=f"storage: {storage}\n{extra}")


def test_killed_and_run_again_at_once(
    tmp_path: Path, storage: str, undisturbed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRADSCAPE_LEASE_SECONDS")
    file, home = slow_study(tmp_path, storage), tmp_path / "gradscape"
    driver = Command("run", file, *LOCAL, folder=tmp_path)
    driver.wait_for_parts(home, 2)
    driver.kill()
    recorded = load_trials("slow", home=home).set_index("trial")
    asked = {t.number: t for t in optuna_trials(home, "slow", storage)}
    assert "RUNNING" in {t.state.name for t in asked.values()}

    # Nobody has to wait for the lease of a process that this machine knows to be gone.
    ended = gradscape("run", file, *LOCAL, folder=tmp_path)
    assert ended.code == 0, ended
    assert f"was taken over from process {driver.process.pid} of " in ended.err
    assert "which is no longer there" in ended.err
    table = assert_once_everywhere(home, "slow", 24, storage=storage).set_index("trial")
    kept = table.loc[recorded.index, "train_seconds"]
    assert kept.tolist() == recorded["train_seconds"].tolist()
    now = {t.number: t for t in optuna_trials(home, "slow", storage)}
    assert all(now[number].params == one.params for number, one in asked.items())
    assert all(
        now[number].user_attrs["seed"] == one.user_attrs["seed"] for number, one in asked.items()
    )
    assert_same_study(home, undisturbed, "slow", rtol=1e-9, storage=storage)
    parents, _ = mlflow_runs(home, "slow")
    assert [run.info.status for run in parents] == ["KILLED", "FINISHED"]


@ONE_IS_ENOUGH
def test_ctrl_c_once_says_what_it_waits_for_and_goes_on_later(
    tmp_path: Path, storage: str, undisturbed: Path
) -> None:
    file, home = slow_study(tmp_path, storage), tmp_path / "gradscape"
    driver = Command("run", file, *LOCAL, folder=tmp_path)
    driver.wait_for_parts(home, 1)
    driver.press_ctrl_c()
    ended = driver.end()
    assert ended.code == 130 and "Traceback" not in ended.err, ended
    assert re.search(r"waiting for 1 cohort in training, about \d:\d\d, then recording", ended.err)
    done = len(load_trials("slow", home=home))
    assert 4 < done < 24
    states = [trial.state.name for trial in optuna_trials(home, "slow", storage)]
    assert states.count("COMPLETE") == done
    ended = gradscape("run", file, *LOCAL, folder=tmp_path)
    assert ended.code == 0 and "taken over" not in ended.err
    assert f"24 of 24 trials done, {24 - done} in this run" in ended.out
    assert_once_everywhere(home, "slow", 24, storage=storage)
    assert_same_study(home, undisturbed, "slow", rtol=1e-9, storage=storage)


@ONE_IS_ENOUGH
def test_ctrl_c_twice_stops_at_once(tmp_path: Path, storage: str) -> None:
    # After the first cohorts none would end within five minutes.
    file = slow_study(tmp_path, storage, seconds="0.02 if self.depth not in (2, 3, 4) else 10.0")
    home = tmp_path / "gradscape"
    driver = Command("run", file, *LOCAL, folder=tmp_path)
    driver.wait_for_parts(home, 1)
    driver.press_ctrl_c()
    driver.wait_for_words("finishing the cohorts in training")
    driver.press_ctrl_c()
    ended = driver.end()
    assert ended.code == 130 and ended.seconds < 200 and "Traceback" not in ended.err, ended
    slow_study(tmp_path, storage)
    ended = gradscape("run", file, *LOCAL, folder=tmp_path)
    assert ended.code == 0, ended
    assert_once_everywhere(home, "slow", 24, storage=storage)


@ONE_IS_ENOUGH
def test_another_home_cannot_run_the_same_study_meanwhile(tmp_path: Path, storage: str) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    file, other = (slow_study(one, storage, seconds="1.0") for one in (here, there))
    driver = Command("run", file, *LOCAL, folder=here)
    try:
        driver.wait_for_text(here / "gradscape/studies/slow/driver.json")
        time.sleep(1.5 * TERM_S)  # It is renewed.
        said = gradscape("run", other, *LOCAL, folder=there)
    finally:
        driver.kill()
    assert said.code == 2 and len(said.err.splitlines()) == 1, said
    held = f"study slow is being run by process {driver.process.pid} of "
    assert held in said.err and f" on {socket.gethostname()} since " in said.err
    assert re.search(
        r"its lease ends at [-\d]+ [:\d]+ unless it is renewed; .*--take-over", said.err
    )


@ONE_IS_ENOUGH
def test_taken_over_from_another_home(tmp_path: Path, storage: str, undisturbed: Path) -> None:
    """Both at work on the same study, with tables of their own and one MLflow."""
    tracking = default_tracking_uri(tmp_path)
    here, there = tmp_path / "here", tmp_path / "there"
    uri = f"tracking_uri: {tracking}\n"
    former = Command(
        "run", slow_study(here, storage, seconds="0.15", extra=uri), *LOCAL, folder=here
    )
    former.wait_for_parts(here / "gradscape", 2, table="runs")
    file = slow_study(there, storage, extra=uri)
    taker = Command("run", file, *LOCAL, "--take-over", folder=there)
    ended = former.end()
    parts = tables_of(here)
    assert ended.code == 1, ended
    last = ended.err.splitlines()[-1]
    assert last.startswith("gradscape: study slow was taken over by process ")
    assert f"process {taker.process.pid} of " in last
    assert last.endswith("; this run has ended and wrote nothing after that")
    assert "Traceback" not in ended.err
    took = taker.end()
    assert took.code == 0, took
    assert f"was taken over from process {former.process.pid} of " in took.err
    assert tables_of(here) == parts

    # Each trial once: COMPLETE in Optuna, in MLflow, and in the tables of one home. What the
    # former had on disk but not yet in Optuna was trained again, to the same numbers.
    kept, rest = (load_trials("slow", home=one / "gradscape") for one in (here, there))
    again = kept["trial"].isin(rest["trial"])
    first, second = (one.set_index("trial")["loss_final"] for one in (kept[again], rest))
    assert first.tolist() == pytest.approx(second[first.index].tolist(), rel=1e-9)
    both = pd.concat([kept[~again], rest]).sort_values("trial")
    assert both["trial"].tolist() == list(range(24))
    assert {t.state.name for t in optuna_trials(there, "slow", storage)} == {"COMPLETE"}
    _, children = mlflow_runs(there, "slow", tracking)
    assert [int(run.data.tags["gradscape.trial"]) for run in children] == list(range(24))
    assert [run.info.run_id for run in children] == both["mlflow_run_id"].tolist()
    # That rows lie elsewhere is said, and where.
    elsewhere = (~again).sum()
    assert f"{elsewhere} trials are complete, but the rows are not in this home" in took.err
    where = f"{socket.gethostname()}:{here / 'gradscape/studies/slow'}"
    assert where in took.err
    for part in (here / "gradscape/studies/slow/tables").rglob("*.parquet"):
        kind = part.parent.name
        shutil.copy(part, there / "gradscape/studies/slow/tables" / kind / part.name)
    said = gradscape("run", file, *LOCAL, folder=there)
    assert said.code == 0 and "not in this home" not in said.err
    assert_same_study(there / "gradscape", undisturbed, "slow", rtol=1e-9, storage=storage)


def test_frozen_past_its_lease_it_writes_nothing_when_it_wakes(
    tmp_path: Path, postgresql_url: str
) -> None:
    # Frozen while it wrote the runs of a cohort, it finished that file when it woke: the lease was
    # asked before the write, not before the file was moved.
    # Not in SQLite, whose file a process that is frozen in a write keeps locked.
    storage = postgresql_url
    here, there = tmp_path / "here", tmp_path / "there"
    former = Command("run", slow_study(here, storage, seconds="0.05"), *LOCAL, folder=here)
    former.wait_for_parts(here / "gradscape", 1)
    os.kill(former.process.pid, signal.SIGSTOP)
    try:
        file = slow_study(there, storage)
        parts = tables_of(here)
        time.sleep(TERM_S + 0.5)
        took = gradscape("run", file, *LOCAL, folder=there)
        assert took.code == 0 and "whose lease ended at " in took.err, took
        before = [(t.state, t.user_attrs) for t in optuna_trials(there, "slow", storage)]
    finally:
        os.kill(former.process.pid, signal.SIGCONT)
    ended = former.end()
    assert ended.code == 1 and "was taken over by process " in ended.err.splitlines()[-1]
    assert tables_of(here) == parts
    after = [(t.state, t.user_attrs) for t in optuna_trials(there, "slow", storage)]
    assert after == before


@ONE_IS_ENOUGH
def test_logged_by_a_driver_whose_home_is_lost(tmp_path: Path, storage: str) -> None:
    """It died between MLflow and Optuna, and its tables are gone: no run is made twice."""
    tracking = default_tracking_uri(tmp_path)
    here, there = tmp_path / "here", tmp_path / "there"
    uri = f"tracking_uri: {tracking}\n"
    first = Command("run", slow_study(here, storage, extra=uri), *LOCAL, folder=here)
    first.wait_for_parts(here / "gradscape", 2)
    deadline = time.monotonic() + 240
    while not finished_runs(tracking):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    first.kill()
    shutil.rmtree(here)
    known = [t.number for t in optuna_trials(there, "slow", storage) if t.state.name == "COMPLETE"]
    file = slow_study(there, storage, extra=uri)
    ended = gradscape("run", file, *LOCAL, folder=there)
    assert ended.code == 0, ended
    table = load_trials("slow", home=there / "gradscape")
    assert sorted([*table["trial"], *known]) == list(range(24))
    _, children = mlflow_runs(there, "slow", tracking)
    assert [int(run.data.tags["gradscape.trial"]) for run in children] == list(range(24))
    missing = re.search(r"(\d+) trials? (is|are) complete, but the rows are not", ended.err)
    assert (int(missing[1]) if missing else 0) == len(known)


def finished_runs(uri: str) -> int:
    """Number of finished runs of trials; 0 while MLflow's data base is not there yet."""
    if not has_table(uri, "runs"):
        return 0
    trials = sa.text(
        "SELECT count(*) FROM runs JOIN tags ON tags.run_uuid = runs.run_uuid "
        "WHERE runs.status = 'FINISHED' AND tags.key = 'gradscape.trial'"
    )
    with make_engine(uri).connect() as connection:
        return int(connection.execute(trials).scalar_one())


@ONE_IS_ENOUGH
def test_tables_of_another_storage_are_not_mixed_in(tmp_path: Path, storage: str) -> None:
    file = write_slow_study(tmp_path, seconds="0.0")
    assert gradscape("run", file, *LOCAL, "--trials", 4, folder=tmp_path).code == 0
    slow_study(tmp_path, storage)
    said = gradscape("run", file, *LOCAL, folder=tmp_path)
    assert said.code == 2 and len(said.err.splitlines()) == 1, said
    assert "holds 4 trials that " in said.err and "does not know, for example 0" in said.err


def tables_of(folder: Path) -> dict[str, int]:
    """Every finished file of the tables with the time of its last change."""
    tables = folder / "gradscape/studies/slow/tables"
    return {str(part): part.stat().st_mtime_ns for part in tables.rglob("*.parquet")}
