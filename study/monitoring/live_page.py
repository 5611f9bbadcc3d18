"""The report while a study still runs: written again and again by a process of its own."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from study.paths import StudyPaths, from_here

FIRST_S = 20.0
"""A study that ends sooner has its report soon enough."""

PAUSE_S = 30.0
_SHARE = 8.0
"""Times as long as a page took pass until the next one: training has the machine."""

_POLL_S = 0.5

_logger = logging.getLogger("gradscape.run")
_END_S = 5.0


class LivePage:
    """Writes the page from the first recorded cohort on, at a sensible pace; a context manager.

    The work is done by a process of low priority, so that it takes nothing from the driver. What
    goes wrong there is left to the report at the end, which says it.

    Args:
        paths: Where the study's tables and its report lie.
        on_first: Is called with the page when it has first been written.
    """

    def __init__(
        self, paths: StudyPaths, on_first: Callable[[Path], None] = lambda page: None
    ) -> None:
        self._paths, self._on_first = paths, on_first
        self._began_in = Path.cwd()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, name="live page", daemon=True)

    def __enter__(self) -> LivePage:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the writing, at once if a page is being written; the page that is there stays."""
        self._stop.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def _write(self) -> None:
        recorded = 0
        pause = FIRST_S
        while not self._stop.wait(pause):
            parts = self._parts()
            if parts == recorded:
                pause = _POLL_S
                continue
            first, recorded, began = not recorded, parts, time.monotonic()
            if self._page() and first:
                page = from_here(self._paths.report / "index.html", self._began_in)
                _logger.info("report so far: %s (written again as trials come)", page)
                self._on_first(self._paths.report / "index.html")
            pause = max(PAUSE_S, _SHARE * (time.monotonic() - began))

    def _parts(self) -> int:
        return sum(1 for _ in (self._paths.tables / "trials").glob("part-*.parquet"))

    def _page(self) -> bool:
        """Writes the page; tells whether it is there."""
        process = subprocess.Popen(
            _command(self._paths),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Ctrl-C is the run's to answer.
            start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        while process.poll() is None and not self._stop.wait(_POLL_S):
            pass
        if process.poll() is None:
            # Interrupted, it takes its half-written files away.
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_END_S)
            process.kill()
            process.wait()
            for folder in self._paths.report.glob(".writing-*"):
                shutil.rmtree(folder, ignore_errors=True)
        return process.returncode == 0


def _command(paths: StudyPaths) -> list[str]:
    """The command that writes the page; `nice` where there is one."""
    nice = shutil.which("nice")
    return [
        *([nice, "-n", "15"] if nice else []),
        sys.executable,
        "-m",
        "study",
        "report",
        paths.study,
        "--home",
        str(Path(paths.home)),
        "-o",
        str(paths.report),
        "--figures",
        "none",
        "--tables",
        "trials",
    ]
