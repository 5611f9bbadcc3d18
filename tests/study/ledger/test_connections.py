"""Connections to a data base, which end with what they were opened for."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import optuna
import pytest

from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.ledger import (
    LedgerPlan,
    open_planned_ledger,
    stored_study,
    trial_failures,
    trial_states,
)
from study.tracking import NullTracker
from tests.study.commands.conftest import STUDY
from tests.study.ledger.test_trial_ledger import Space
from tests.support.postgresql import PostgresServer


@pytest.fixture
def url(postgresql: PostgresServer) -> Iterator[str]:
    """Of a data base to which no connection is left, without the garbage collector's help."""
    url = postgresql.new_url()
    gc.disable()
    yield url
    gc.enable()
    deadline = time.monotonic() + 60.0
    while postgresql.connections(url) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert postgresql.connections(url) == 0


def planned(url: str, plan) -> Any:
    return open_planned_ledger(name="s", storage=url, seed_of=lambda number: number, plan=plan)


def plan(stored: Mapping[str, Any], trials: int) -> LedgerPlan:
    sampler = optuna.samplers.RandomSampler(seed=0)
    return LedgerPlan(sampler=sampler, space=Space(), description={"space": "s"})


def test_of_a_ledger_that_is_closed(url: str, postgresql: PostgresServer) -> None:
    with closing(planned(url, plan)) as ledger:
        ledger.ask(2)
        assert postgresql.connections(url) > 0


def test_of_a_study_that_cannot_go_on(url: str) -> None:
    def refuse(stored: Mapping[str, Any], trials: int) -> LedgerPlan:
        raise ValueError("its space has changed")

    with pytest.raises(ValueError, match="changed"):
        planned(url, refuse)


def test_of_what_only_reads(url: str) -> None:
    with closing(planned(url, plan)) as ledger:
        ledger.ask(1)
    assert stored_study(name="s", storage=url) == ({"space": "s"}, 1)
    assert trial_states(name="s", storage=url) == {0: "RUNNING"}
    assert trial_failures(name="none", storage=url) == {}


def test_of_a_run(url: str, tmp_path) -> None:
    run_study(
        StudyConfig.from_text(STUDY.replace("trials: 12", f"trials: 2\nstorage: {url}")),
        home=tmp_path,
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
    )
