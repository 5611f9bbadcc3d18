"""Where the lines of the `gradscape` loggers go while a study runs: a file, and whoever looks on.

Every part of a study logs to `logging.getLogger("gradscape.PART")` and knows nothing of handlers.
Importing the package adds none: they are here for the time of a run, see `driver_log`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from study.secrets import redacted

ROOT = "gradscape"
"""Name of the logger that all others are below."""

DRIVER = f"{ROOT}.driver"
"""Name of the logger for how a run begins, goes on and ends. A command shows that in its own way,
so these lines are for the file."""

LARGEST_BYTES = 4 * 2**20
"""At this size the log becomes `driver.log.1`, which replaces an earlier file of that name."""


class DriverLogHandler(RotatingFileHandler):
    """Appends each record as one line with its time and without passwords.

    Args:
        path: The log file. It is made with the first line.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            maxBytes=LARGEST_BYTES,
            backupCount=1,
            encoding="utf-8",
            errors="replace",
            delay=True,
        )
        self.setFormatter(_OneLine("%(asctime)s  %(message)s", "%Y-%m-%d %H:%M:%S"))

    def handleError(self, record: logging.LogRecord) -> None:
        """Lets it pass if the disk is full or gone: that is no reason to lose a study."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


class NoticeHandler(logging.Handler):
    """Hands on what a person should know, without passwords.

    A callback that raises costs no study: Python prints its traceback.

    Args:
        show: Called with each text, by one thread at a time.
        level: Records below it are left out.
    """

    def __init__(self, show: Callable[[str], None], level: int = logging.INFO) -> None:
        super().__init__(level)
        self._show = show
        self.setFormatter(_Redacting())
        self.addFilter(lambda record: record.name != DRIVER)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._show(self.format(record))
        except Exception:
            self.handleError(record)


@contextmanager
def logged_to(*handlers: logging.Handler) -> Iterator[None]:
    """Gives the handlers what all parts log, from INFO on, while the block runs.

    A level that somebody has set for the logger `gradscape` is left as it is. Two studies that
    run in one process at the same time get each other's lines.
    """
    logger = logging.getLogger(ROOT)
    level = logger.level
    if level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
        logger.setLevel(level)


@contextmanager
def driver_log(path: Path, on_notice: Callable[[str], None] | None) -> Iterator[None]:
    """Writes what is logged while the block runs into a study's `driver.log`.

    Args:
        path: The log file; its folder exists.
        on_notice: Called with each text that a person should know. If it is None and no handler
            shows warnings either, they go to stderr, as they would without this log.
    """
    handlers: list[logging.Handler] = [DriverLogHandler(path)]
    if on_notice is not None:
        handlers.append(NoticeHandler(on_notice))
    elif not logging.getLogger(ROOT).hasHandlers():
        handlers.append(console_handler(logging.WARNING))
    with logged_to(*handlers):
        yield


def console_handler(level: int = logging.INFO) -> NoticeHandler:
    """A handler that prints to stderr; on a terminal below what a progress bar has left there."""

    def show(text: str) -> None:
        # A live display of progress replaces sys.stderr, so it is looked up for each line.
        below = "\n" if sys.stderr.isatty() else ""
        print(f"{below}{text}", file=sys.stderr, flush=True)

    return NoticeHandler(show, level)


def one_line(text: str) -> str:
    """The text in one line, without passwords."""
    return " ".join(redacted(text).strip().splitlines())


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return one_line(super().format(record))
