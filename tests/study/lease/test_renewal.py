"""Threads of one driver that ask, all at once, who holds the study."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TextIO

from study.lease import LeaseLost, LockFile, hold, this_process


def test_who_asks_while_the_study_is_let_go_is_told_who_has_it(tmp_path: Path) -> None:
    class Busy(LockFile):
        """Takes as long for an answer as a busy machine does, where a writer asks."""

        def _is_at_path(self, file: TextIO) -> bool:
            if threading.current_thread() is writer:
                asks.set()
                time.sleep(0.2)
            return super()._is_at_path(file)

    def write() -> None:
        try:
            former.check()
        except Exception as error:
            told.append(error)

    def lost(error: LeaseLost) -> None:
        writer.start()
        asks.wait(5)  # Now the keeper, whose thread this is, lets go.

    asks, told = threading.Event(), []
    writer = threading.Thread(target=write)
    path, here = tmp_path / "driver.lock", this_process(tmp_path)
    with (
        hold([Busy(path, study="s", renew_s=0.02)], here, on_lost=lost) as former,
        hold([LockFile(path, study="s")], here, take_over=True),
    ):
        writer.join(10)
    assert [type(each) for each in told] == [LeaseLost]
