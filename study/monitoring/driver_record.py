"""How the last run of a study began and ended, for those who look later or from elsewhere."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from study.monitoring.driver_log import DRIVER, one_line

_logger = logging.getLogger(DRIVER)


@dataclass(frozen=True, kw_only=True)
class DriverRecord:
    """The last run of a study, as its driver left it.

    Attributes:
        pid: Process of the driver.
        host: Name of the machine that it runs on.
        started: Unix time in seconds.
        trials: Trials that the study had to have.
        ended: Unix time in seconds; None while it runs, and if it was killed.
        error: Why it failed, in one line; None if it did not.
    """

    pid: int
    host: str
    started: float
    trials: int
    ended: float | None = None
    error: str | None = None


@contextmanager
def recorded(path: Path, *, trials: int) -> Iterator[None]:
    """Keeps and logs how the run in the block begins and ends.

    Args:
        path: The JSON file, written when the block begins and ends.
        trials: Trials that the study has to have.
    """
    record = DriverRecord(
        pid=os.getpid(), host=socket.gethostname(), started=time.time(), trials=trials
    )
    error = None
    _logger.info("process %d on %s begins: %d trials", record.pid, record.host, trials)
    _write(path, record)
    try:
        yield
    except KeyboardInterrupt:
        _logger.warning("stopped at once")
        raise
    except BaseException as caught:
        error = one_line(str(caught) or type(caught).__name__)
        _logger.error("failed: %s", error)
        raise
    finally:
        if read_record(path) in (None, record):  # Else somebody took the study over.
            _write(path, dataclasses.replace(record, ended=time.time(), error=error))


def read_record(path: Path) -> DriverRecord | None:
    """The record at this path; None if there is none that can be read."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        record = DriverRecord(**{field.name: stored[field.name] for field in fields(DriverRecord)})
        return record if _is_sound(record) else None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _is_sound(record: DriverRecord) -> bool:
    """Whether every value is of its kind; a file may hold anything."""
    times = [record.started, *([] if record.ended is None else [record.ended])]
    return (
        type(record.pid) is int
        and type(record.trials) is int
        and isinstance(record.host, str)
        and isinstance(record.error, str | None)
        and all(type(time_s) in (int, float) and 0 <= time_s < 1e11 for time_s in times)
    )


def _write(path: Path, record: DriverRecord) -> None:
    # A record that cannot be written is no reason to lose a study.
    with contextlib.suppress(OSError):
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(asdict(record)), encoding="utf-8")
        temporary.replace(path)
