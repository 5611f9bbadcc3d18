"""Optuna's journal file, written a group at a time.

The file is the one of `optuna.storages.journal.JournalFileBackend` (one JSON object a line), so
Optuna's own tools open it. Three things differ: operations inside `group()` reach the disk with
one lock, one write and one fsync; reading keeps one copy of what recurs in the journal; and the
torn last line that a killed writer leaves is cut off before the next write, where Optuna's
backend would append to it and so make the whole study unreadable.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from optuna.storages.journal import BaseJournalBackend, JournalFileSymlinkLock

from study.errors import StorageUnavailable

PORTION = 20_000
"""Operations read at once while a journal is opened."""

SHARED_LETTERS = 24
"""Longer texts are hardly ever the same: explanations, ids of runs."""


class GroupJournal(BaseJournalBackend):
    """A journal backend for one writing thread at a time; other processes may read and write.

    Args:
        path: The journal file; made when missing.

    Attributes:
        check: Called right before each append; nothing is appended if it raises.
    """

    def __init__(self, path: Path) -> None:
        self.check: Callable[[], None] = lambda: None
        self._path = path
        self._lock = JournalFileSymlinkLock(str(path))
        self._read_number = 0
        self._read_offset = 0
        self._pending: list[dict[str, Any]] = []
        self._grouping = False
        self._portion: int | None = None
        self._read_whole = False
        if not path.exists():  # Reading alone leaves the file as it is, its time included.
            path.touch()

    @contextmanager
    def group(self) -> Iterator[None]:
        """Operations inside become one append; other processes wait meanwhile.

        The lock is held throughout, so that the operations get the numbers in the file under
        which this process has already seen them. What was done before an exception is kept; what
        a full disk refuses stays pending and goes with the next group.
        """
        if self._grouping:
            yield
            return
        self._lock.acquire()
        self._grouping = True
        try:
            yield
        finally:
            self._grouping = False
            try:
                self._write_pending()
            finally:
                self._lock.release()

    @contextmanager
    def read_in_portions(self) -> Iterator[None]:
        """Inside, each reading ends after some operations; the next goes on behind them."""
        self._portion = PORTION
        try:
            yield
        finally:
            self._portion = None

    @property
    def read_whole(self) -> bool:
        """Whether the last reading got to the end."""
        return self._read_whole

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        if self._grouping:
            self._pending.extend(logs)
            return
        self._lock.acquire()
        try:
            self._write_pending()
            self._append(logs)
        finally:
            self._lock.release()

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        if log_number_from < self._read_number:
            self._read_number, self._read_offset = 0, 0
        if log_number_from == self._read_number or not self._pending:
            yield from self._read_file(log_number_from)
        yield from self._pending[max(0, log_number_from - self._read_number) :]

    def _write_pending(self) -> None:
        if self._pending:
            self._append(self._pending)
            self._read_number += len(self._pending)
            self._read_offset = self._path.stat().st_size
            self._pending = []

    def _read_file(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        self._read_whole = True
        if self._path.stat().st_size == self._read_offset:
            return
        last = None if self._portion is None else self._read_number + self._portion
        with self._path.open("rb") as file:
            file.seek(self._read_offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                number = self._read_number
                if number == last:
                    self._read_whole = False
                    return
                self._read_number += 1
                self._read_offset += len(line)
                if number >= log_number_from:
                    yield _sharing(operation_of(line, number, self._path))

    def _append(self, logs: list[dict[str, Any]]) -> None:
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        with self._path.open("rb+") as file:
            end = _end_of_whole_lines(file)
            self.check()
            file.truncate(end)
            file.seek(end)
            try:
                file.write(lines.encode())
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                # A full disk: a half-written group must not be taken for a whole one.
                file.truncate(end)
                raise


def operation_of(line: bytes, number: int, path: Path) -> dict[str, Any]:
    """The operation that a line of a journal holds.

    Args:
        line: With its end.
        number: Of the line, from 0.
        path: The journal, for the error.

    Raises:
        StorageUnavailable: If it is none: only the last line of a journal may be torn.
    """
    try:
        log = json.loads(line.decode("utf-8"))
        if isinstance(log["op_code"], int) and isinstance(log["worker_id"], str):
            return dict(log)
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise damaged(path, f"line {number + 1} is no operation")


@contextmanager
def sound_journal(path: Path) -> Iterator[None]:
    """Around the reading of a journal by Optuna, which raises anything at a damaged one.

    Raises:
        StorageUnavailable: If its operations do not fit each other.
        OSError: If it cannot be read.
    """
    try:
        yield
    except (OSError, StorageUnavailable):
        raise
    except Exception as error:
        what = f"its operations do not fit each other ({type(error).__name__}: {error})"
        raise damaged(path, what) from error


def damaged(path: Path, what: str) -> StorageUnavailable:
    """The error about a journal that cannot be read as one, and what can be done."""
    return StorageUnavailable(
        f"storage {path} is damaged: {what}; restore a copy of it, or move the study's folder "
        f"{path.parent} away and run it again (the same trials, from the same seed)"
    )


def _sharing(log: dict[str, Any]) -> dict[str, Any]:
    """The operation with one object for equal names and short values, of all operations read."""
    for field in ("params", "user_attr", "user_attrs"):
        if field in log:
            log[field] = {sys.intern(key): _shared(value) for key, value in log[field].items()}
    if "param_name" in log:
        log["param_name"] = sys.intern(log["param_name"])
    if "distributions" in log:
        log["distributions"] = {sys.intern(key): one for key, one in log["distributions"].items()}
    return log


def _shared(value: Any) -> Any:
    return sys.intern(value) if type(value) is str and len(value) <= SHARED_LETTERS else value


def _end_of_whole_lines(file: BinaryIO) -> int:
    end = file.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - 4096)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0
