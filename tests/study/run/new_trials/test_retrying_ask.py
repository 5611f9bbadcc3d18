from __future__ import annotations

import logging
import threading
import time

import pytest

from study.ledger import StorageUnavailable
from study.run.new_trials.retrying_ask import RetryingAsk


class Storage:
    """Away while `away` is set."""

    def __init__(self) -> None:
        self.away = threading.Event()
        self.looks = 0

    def ask(self, n: int) -> list[int]:
        self.check()
        return list(range(n))

    def check(self) -> None:
        self.looks += 1
        if self.away.is_set():
            raise StorageUnavailable("storage postgresql://db does not answer: refused")


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Storage:
    monkeypatch.setattr("study.run.new_trials.retrying_ask.FIRST_RETRY_S", 0.01)
    monkeypatch.setattr("study.run.new_trials.retrying_ask.LAST_RETRY_S", 0.05)
    return Storage()


def until(true, timeout_s: float = 120.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_nobody_waits_while_the_storage_is_away_and_it_is_logged_once(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gradscape")
    ask = RetryingAsk(storage.ask, check=storage.check)
    assert ask(3) == [0, 1, 2] and caplog.messages == []
    storage.away.set()
    for _ in range(20):
        assert ask(3) is None
    until(lambda: storage.looks > 5)
    assert len(caplog.messages) == 1
    assert "refused; training goes on with the trials" in caplog.messages[0]
    storage.away.clear()
    until(lambda: ask(2) == [0, 1])
    assert len(caplog.messages) == 2 and "answers again" in caplog.messages[1]


def test_it_ends_in_good_order_when_the_storage_stays_away(storage: Storage) -> None:
    ask = RetryingAsk(storage.ask, check=storage.check, limit_s=0.1)
    storage.away.set()
    with pytest.raises(StorageUnavailable, match="refused .* the same command goes on"):
        until(lambda: ask(3) is not None)


def test_what_is_wrong_with_the_storage_itself_is_told_too(storage: Storage) -> None:
    def broken() -> None:
        raise KeyError("no such study")

    ask = RetryingAsk(storage.ask, check=broken)
    storage.away.set()
    with pytest.raises(StorageUnavailable, match="no such study"):
        until(lambda: ask(3) is not None)
