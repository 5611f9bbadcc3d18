"""Who works on a study: one contract for every way to hold it, on real files and data bases."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from search_spaces.errors import InputError
from study.lease import (
    Claim,
    Lease,
    LeaseLost,
    LeaseTable,
    LeaseUncertain,
    LockFile,
    hold,
    this_process,
)
from study.ledger import StorageUnavailable
from tests.support.driver import ROOT
from tests.support.postgresql import PostgresServer

TERM_S = 3.0
"""Of the leases in data bases here; a study's is a minute."""

MakeClaim = Callable[[], Claim]


@pytest.fixture(params=["file", "sqlite", "postgresql"])
def claim(request: pytest.FixtureRequest, tmp_path: Path) -> MakeClaim:
    """Another driver's way to the same study, each time it is called."""
    if request.param == "file":
        return lambda: LockFile(tmp_path / "driver.lock", study="s", renew_s=0.1, grace_s=2.0)
    url = f"sqlite:///{tmp_path}/optuna.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    return lambda: LeaseTable(url, study="s", term_s=TERM_S)


@contextmanager
def driver(
    claim: Claim, *, take_over: bool = False, lost: list[LeaseLost] | None = None
) -> Iterator[tuple[Lease, list[str]]]:
    """A driver that holds the study, and what it was told."""
    told: list[str] = []
    with hold(
        [claim],
        this_process(Path("home")),
        take_over=take_over,
        on_notice=told.append,
        on_lost=(lost if lost is not None else []).append,
    ) as lease:
        yield lease, told


def until(true: Callable[[], bool], timeout_s: float = 120.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class TestEveryWayToHoldAStudy:
    @pytest.mark.slow
    def test_one_holds_it_and_then_the_next(self, claim: MakeClaim) -> None:
        for _ in range(2):
            with driver(claim()) as (lease, told):
                lease.check()
                assert told == [] and lease.uncertain is None

    def test_the_second_is_told_who_holds_it_and_since_when(self, claim: MakeClaim) -> None:
        with driver(claim()) as (lease, _):
            for _ in range(2):
                with pytest.raises(InputError) as refused, driver(claim()):
                    pass
            lease.check()
        me = this_process(Path("home"))
        text = str(refused.value)
        assert f"study s is being run by process {os.getpid()} of {me.user} on {me.host}" in text
        (since,) = re.findall(r"since (\S+ \S+);", text)
        began = time.mktime(time.strptime(since, "%Y-%m-%d %H:%M:%S"))
        assert abs(began - time.time()) < 60
        assert "its lease ends" in text and "--take-over" in text

    @pytest.mark.slow
    def test_taken_over_the_former_holder_writes_nothing_more(self, claim: MakeClaim) -> None:
        lost: list[LeaseLost] = []
        with driver(claim(), lost=lost) as (former, _):
            former.check()
            with driver(claim(), take_over=True) as (lease, told):
                (notice,) = told
                assert notice.startswith("study s was taken over from process ")
                # It has noticed by then: no write of both can overlap.
                with pytest.raises(LeaseLost) as end, former.writing():
                    raise AssertionError("a write began")
                lease.check()
            said = str(end.value)
            assert said.startswith(f"study s was taken over by process {os.getpid()} of ")
            assert said.endswith("; this run has ended and wrote nothing after that")
            assert [str(one) for one in lost] == [said]
            # Also after the new holder's end.
            with pytest.raises(LeaseLost) as end, former.writing():
                raise AssertionError("a write began")
            assert str(end.value) == said
        # The end of the former holder takes nothing from the one after.
        with driver(claim()) as (lease, told):
            lease.check()
            assert told == []

    @pytest.mark.slow
    def test_who_takes_over_waits_for_the_write_under_way(self, claim: MakeClaim) -> None:
        written = []
        with driver(claim()) as (former, _):
            began = threading.Event()

            def write() -> None:
                with former.writing():
                    began.set()
                    time.sleep(0.3)
                    written.append("former")

            thread = threading.Thread(target=write)
            thread.start()
            began.wait()
            with driver(claim(), take_over=True):
                written.append("next")
            thread.join()
        assert written == ["former", "next"]

    def test_a_free_study_may_be_taken_over_too(self, claim: MakeClaim) -> None:
        with driver(claim(), take_over=True) as (lease, told):
            lease.check()
            assert told == []

    def test_of_many_at_once_one_gets_it(self, claim: MakeClaim) -> None:
        held, refused = [], []
        together, done = threading.Barrier(6), threading.Event()

        def run() -> None:
            together.wait()
            try:
                with driver(claim()) as (lease, _):
                    held.append(lease)
                    done.wait(120)
            except InputError as error:
                refused.append(str(error))
                if len(refused) == 5:
                    done.set()

        threads = [threading.Thread(target=run) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(held) == 1 and len(refused) == 5

    @pytest.mark.slow
    def test_a_killed_process_holds_nothing(self, claim: MakeClaim, tmp_path: Path) -> None:
        killed = other_process(claim())
        with pytest.raises(InputError, match=f"by process {killed.pid} of "), driver(claim()):
            pass
        killed.kill()
        killed.wait()
        # At once: this is its machine, where one sees that it is gone.
        with driver(claim()) as (lease, _):
            lease.check()


def other_process(claim: Claim) -> subprocess.Popen[bytes]:
    """A process that holds the study until it is killed."""
    if isinstance(claim, LockFile):
        made = f"LockFile(Path({str(claim._path)!r}), study='s')"
    else:
        assert isinstance(claim, LeaseTable)
        made = f"LeaseTable({claim._url!r}, study='s', term_s={TERM_S})"
    code = f"""
import time
from pathlib import Path
from study.lease import LeaseTable, LockFile, hold, this_process
with hold([{made}], this_process(Path("home"))):
    print("held", flush=True)
    time.sleep(300)
"""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"held\n"
    return process


class TestInADataBase:
    @pytest.fixture(params=["sqlite", "postgresql"])
    def url(self, request: pytest.FixtureRequest, tmp_path: Path) -> str:
        if request.param == "sqlite":
            return f"sqlite:///{tmp_path}/optuna.db"
        return str(request.getfixturevalue("postgresql_url"))

    @pytest.mark.slow
    def test_a_machine_lost_holds_it_until_its_lease_ends(self, url: str) -> None:
        # A process that this machine cannot see, and that no longer renews.
        elsewhere = replace(this_process(Path("/data/home")), host="node-7", machine="other")
        LeaseTable(url, study="s", term_s=TERM_S).take(elsewhere, take_over=False)
        taken = time.monotonic()
        mine = LeaseTable(url, study="s", term_s=TERM_S)
        with pytest.raises(InputError) as refused, driver(mine):
            pass
        assert f"by process {os.getpid()} of {elsewhere.user} on node-7 since" in str(
            refused.value
        )
        assert "its lease ends at " in str(refused.value)
        assert "unless it is renewed" in str(refused.value)
        while time.monotonic() - taken < 10 * TERM_S:
            try:
                with driver(mine) as (_, told):
                    waited = time.monotonic() - taken
                    break
            except InputError:
                time.sleep(0.1)
        assert TERM_S - 0.1 < waited < 10 * TERM_S
        assert re.search("on node-7 since .*, whose lease ended at ", told[0])

    @pytest.mark.slow
    def test_a_lease_that_is_renewed_does_not_end(self, url: str) -> None:
        with driver(LeaseTable(url, study="s", term_s=TERM_S)) as (lease, _):
            time.sleep(TERM_S + 1.0)
            with pytest.raises(InputError), driver(LeaseTable(url, study="s", term_s=TERM_S)):
                pass
            lease.check()

    @pytest.mark.slow
    def test_taking_over_does_not_wait_for_long_for_a_machine_lost(self, url: str) -> None:
        elsewhere = replace(this_process(Path("/data/home")), machine="other")
        LeaseTable(url, study="s", term_s=60.0).take(elsewhere, take_over=False)
        began = time.monotonic()
        with driver(LeaseTable(url, study="s", term_s=60.0), take_over=True):
            assert time.monotonic() - began < 60.0

    @pytest.mark.slow
    def test_who_wakes_up_late_is_told_who_had_it_meanwhile(self, url: str) -> None:
        former, after = (LeaseTable(url, study="s", term_s=TERM_S) for _ in range(2))
        former.take(replace(this_process(Path("home")), machine="other"), take_over=False)
        me = replace(this_process(Path("home")), pid=4711)
        after.take(me, take_over=True)
        after.release()
        with pytest.raises(LeaseLost, match=f"taken over by process 4711 of {me.user} on "):
            former.renew()

    def test_studies_do_not_hold_each_other(self, url: str) -> None:
        with driver(LeaseTable(url, study="s")), driver(LeaseTable(url, study="t")):
            pass

    def test_the_clock_is_the_data_bases(self, url: str) -> None:
        claim = LeaseTable(url, study="s")
        with claim._engine.connect() as connection:
            now = connection.execute(sa.select(claim._now)).scalar_one()
        assert abs(now - time.time()) < 2.0


@pytest.mark.slow
def test_a_data_base_away_for_a_while_costs_no_lease(
    postgresql: PostgresServer, postgresql_url: str
) -> None:
    lost: list[LeaseLost] = []
    # A term in which a busy machine has stopped a server.
    with driver(LeaseTable(postgresql_url, study="s", term_s=6.0), lost=lost) as (lease, _):
        postgresql.stop()
        try:
            with lease.writing():
                assert lease.uncertain is None
            until(lambda: lease.uncertain is not None)
            # Its term is over and nobody can be asked: tables may be written, MLflow waits.
            lease.check()
            assert "does not answer" in str(lease.uncertain)
            with (
                pytest.raises(LeaseUncertain, match="another driver may have the study"),
                lease.writing(certain=True),
            ):
                raise AssertionError("a write began")
        finally:
            postgresql.start()
        until(lambda: lease.uncertain is None)
        lease.check()
        assert lost == []
        with lease.writing(certain=True):
            pass


def test_a_machine_that_slept_asks_who_holds_the_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `time.monotonic` stands still while a Linux machine sleeps: a lease that had ended meanwhile
    # was taken for one that was renewed a moment ago.
    url = f"sqlite:///{tmp_path}/optuna.db"
    with driver(LeaseTable(url, study="s")) as (former, _):
        former.check()
        taker = LeaseTable(url, study="s")
        monkeypatch.setattr(taker, "_grace_s", 0.0)
        taker.take(this_process(Path("home")), take_over=True)
        former.check()  # It was sure of it a moment ago; who takes over waits for longer.
        slept = time.clock_gettime(time.CLOCK_BOOTTIME) + 90.0
        monkeypatch.setattr(time, "clock_gettime", lambda clock: slept)
        with pytest.raises(LeaseLost, match="taken over by process"):
            former.check()


def test_no_thread_writes_while_another_asks_who_holds_the_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both threads of a frozen process woke up: while one asked, the other took the question for
    # an answer, and wrote one more file.
    claim = LockFile(tmp_path / "driver.lock", study="s", renew_s=0.05)
    asked, answer = threading.Event(), threading.Event()

    def renew() -> None:
        asked.set()
        assert answer.wait(120)
        raise LeaseLost("taken over by process 7")

    with ThreadPoolExecutor() as pool, driver(claim) as (lease, _):
        slept = time.clock_gettime(time.CLOCK_BOOTTIME) + 90.0
        monkeypatch.setattr(claim, "fresh_s", 1.0)
        monkeypatch.setattr(claim, "renew", renew)
        monkeypatch.setattr(time, "clock_gettime", lambda clock: slept)
        assert asked.wait(120)
        write = pool.submit(lease.check)
        with pytest.raises(TimeoutError):
            write.result(0.2)
        answer.set()
        with pytest.raises(LeaseLost, match="taken over by process 7"):
            write.result(30)


def test_a_data_base_that_does_not_answer_is_named_without_its_password(
    unused_port: int,
) -> None:
    url = f"postgresql://ann:s3cret@127.0.0.1:{unused_port}/optuna"
    with pytest.raises(StorageUnavailable) as caught, driver(LeaseTable(url, study="s")):
        pass
    assert "storage postgresql://ann:***@127.0.0.1" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def test_a_lock_says_who_holds_it(tmp_path: Path) -> None:
    with driver(LockFile(tmp_path / "driver.lock", study="s")):
        said = json.loads((tmp_path / "driver.lock").read_text())
    me = this_process(Path("home"))
    assert (said["pid"], said["host"], said["user"]) == (me.pid, me.host, me.user)


def test_nothing_is_held_if_not_everything_can_be(tmp_path: Path) -> None:
    """The folder is free, its storage is not: the folder is let go of again."""
    folder, storage = tmp_path / "folder.lock", tmp_path / "storage.lock"
    with driver(LockFile(storage, study="s")):
        both = [LockFile(folder, study="s"), LockFile(storage, study="s")]
        with pytest.raises(InputError), hold(both, this_process(tmp_path)):
            pass
        with driver(LockFile(folder, study="s")) as (lease, _):
            lease.check()
