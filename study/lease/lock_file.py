"""Holding a study whose storage is a file: a lock on a file beside it.

The holder is the process that has locked the file that lies at the path. The system lets go of
the lock when the process dies, so such a lease expires at once and never before. To take it over
a new file is locked and moved to the path: the former holder's lock is then one on a file that
lies nowhere, which it sees before each of its writes.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from search_spaces.errors import InputError
from study.errors import LeaseUncertain
from study.lease.claim import held, lost
from study.lease.holder import Holder, clock_text, since_of

ONE_LOOK_S = 0.05
"""Between two looks whether a former holder has stepped back."""


class LockFile:
    """Implements `Claim`.

    Args:
        path: The file to lock; its folder exists.
        study: Name of the study, for messages.
        renew_s: Seconds between looks whether somebody took it over.
        grace_s: How many seconds a former holder gets to end the write that it is in.
    """

    term_s = math.inf
    fresh_s = 0.0

    def __init__(
        self, path: Path, *, study: str, renew_s: float = 1.0, grace_s: float = 10.0
    ) -> None:
        self._path = path
        self._study = study
        self.renew_s = renew_s
        self._grace_s = grace_s
        self._file: TextIO | None = None

    def take(self, holder: Holder, *, take_over: bool) -> str | None:
        try:
            return self._take(holder, take_over)
        except OSError as error:
            raise InputError(
                f"study {self._study} must be held by a lock on {self._path}, but: "
                f"{error.strerror or error}"
            ) from error

    def renew(self) -> None:
        try:
            if self._file is None or self._is_at_path(self._file):
                return
            taker = self._holder_text(self._path.read_text(encoding="utf-8", errors="replace"))
        except OSError as error:
            raise LeaseUncertain(f"{self._path} cannot be read: {error.strerror}") from error
        raise lost(self._study, taker)

    def check_in(self, connection: object) -> None:
        self.renew()

    def step_back(self) -> None:
        self.release()

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _take(self, holder: Holder, take_over: bool) -> str | None:
        while True:
            file = open(self._path, "a+", encoding="utf-8", errors="replace")  # noqa: SIM115
            if not _lock(file):
                return self._second(file, holder, take_over)
            if self._is_at_path(file):
                _write(file, holder)
                self._file = file
                return None
            file.close()  # Somebody took it over in between: look again.

    def _second(self, former: TextIO, holder: Holder, take_over: bool) -> str:
        with former:
            former.seek(0)
            former_holder = self._holder_text(former.read())
            if not take_over:
                raise held(self._study, former_holder, "its lease ends with that process")
            path = self._path.with_name(f"{self._path.name}.{holder.token}")
            file = open(path, "x+", encoding="utf-8")  # noqa: SIM115
            assert _lock(file)
            _write(file, holder)
            os.replace(path, self._path)
            self._file = file
            # It lets go once it has seen that and ended the write that it is in.
            patient_until = time.monotonic() + self._grace_s
            while not _lock(former) and time.monotonic() < patient_until:
                time.sleep(ONE_LOOK_S)
        return f"study {self._study} was taken over from {former_holder}"

    def _is_at_path(self, file: TextIO) -> bool:
        mine = os.fstat(file.fileno())
        there = os.stat(self._path)
        return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)

    def _holder_text(self, text: str) -> str:
        holder = Holder.from_json(text)
        if holder is None:
            return "another process"  # It has not yet written who it is.
        since = since_of(text)
        return str(holder) if since is None else f"{holder} since {clock_text(since)}"


def _lock(file: TextIO) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _write(file: TextIO, holder: Holder) -> None:
    file.truncate(0)
    json.dump({**json.loads(holder.to_json()), "since": time.time()}, file)
    file.flush()
