"""What a driver writes down of its run, for those who look later or from elsewhere."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from study.monitoring.progress import StudyProgress, progress_text
from study.monitoring.study_result import StudyResult
from study.redaction import redacted

LARGEST_BYTES = 4 * 2**20
"""Of the log; then it becomes `driver.log.1`, in the place of the one before."""

EVERY_S = 15.0
"""Between two lines of progress."""

GIVEN_UP = 20
"""Trials given up that are named at most."""


@dataclass(frozen=True, kw_only=True)
class DriverRecord:
    """The last run of a study, as its driver left it.

    Attributes:
        pid: Of the driver.
        host: Its machine.
        started: Unix time.
        trials: Trials that the study had to have.
        ended: Unix time; None while it runs, and for ever if it was killed.
        error: Why it failed, in one line; None if it did not.
    """

    pid: int
    host: str
    started: float
    trials: int
    ended: float | None = None
    error: str | None = None


class DriverLog:
    """Lines with their times, in a file that stays small.

    A log that cannot be written is no reason to lose a study: that is let pass.

    Args:
        path: Of the log; its folder exists.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._progress_at = -EVERY_S

    def line(self, text: str) -> None:
        """One line, without passwords."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        with self._lock, contextlib.suppress(OSError):
            if self._path.exists() and self._path.stat().st_size > LARGEST_BYTES:
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            with self._path.open("a", encoding="utf-8", errors="replace") as file:
                file.write(f"{stamp}  {one_line(text)}\n")

    def progress(self, progress: StudyProgress) -> None:
        """How far the run has come; told often, written from time to time and at the end."""
        done = progress.done >= progress.total
        if time.monotonic() - self._progress_at < EVERY_S and not done:
            return
        self._progress_at = time.monotonic()
        self.line(progress_text(progress))

    def result(self, result: StudyResult) -> None:
        """How a run ended that did not fail."""
        text = f"{result.done} of {result.total} trials done"
        if result.stopped:
            text += ", stopped as asked"
        if result.undelivered:
            text += f", {len(result.undelivered)} not yet in MLflow and Optuna"
        self.line(f"{text}; {result.notice}" if result.notice else text)
        for number, reason in list(result.given_up.items())[:GIVEN_UP]:
            self.line(f"trial {number} was given up: {reason}")

    @contextmanager
    def recorded(self, path: Path, *, trials: int) -> Iterator[None]:
        """Around a run: how it begins and ends, here and in a record.

        Args:
            path: Of the record.
            trials: Trials that the study has to have.
        """
        record = DriverRecord(
            pid=os.getpid(), host=socket.gethostname(), started=time.time(), trials=trials
        )
        error = None
        self.line(f"process {record.pid} on {record.host} begins: {trials} trials")
        _write(path, record)
        try:
            yield
        except KeyboardInterrupt:
            self.line("stopped at once")
            raise
        except BaseException as caught:
            error = one_line(str(caught) or type(caught).__name__)
            self.line(f"failed: {error}")
            raise
        finally:
            if read_record(path) in (None, record):  # Else somebody took the study over.
                _write(path, dataclasses.replace(record, ended=time.time(), error=error))

    def also(self, show: Callable[[str], None]) -> Callable[[str], None]:
        """Shows a text as before and writes it down too."""

        def both(text: str) -> None:
            self.line(text)
            show(text)

        return both

    def also_progress(
        self, show: Callable[[StudyProgress], None]
    ) -> Callable[[StudyProgress], None]:
        """Shows progress as before and writes it down too."""

        def both(progress: StudyProgress) -> None:
            self.progress(progress)
            show(progress)

        return both


def read_record(path: Path) -> DriverRecord | None:
    """The record at this path; None if there is none that can be read."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return DriverRecord(**{one.name: told[one.name] for one in fields(DriverRecord)})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def one_line(text: str) -> str:
    """The text in one line, without passwords."""
    return " ".join(redacted(text).strip().splitlines())


def _write(path: Path, record: DriverRecord) -> None:
    with contextlib.suppress(OSError):
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(asdict(record)), encoding="utf-8")
        temporary.replace(path)
