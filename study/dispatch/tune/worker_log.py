"""What is logged inside a worker, on its way to the driver's log."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

ROOT = "gradscape"
"""Name of the logger whose lines, and those of all below it, are handed on."""


@dataclass(frozen=True, kw_only=True)
class WorkerLine:
    """A line that was logged while a worker trained.

    Attributes:
        cohort: Number of the cohort that it trained.
        host: Name of its node.
        logger: Name of the logger, `gradscape` or one below.
        level: Level of `logging`, e.g. 30 for a warning.
        text: The formatted message.
    """

    cohort: int
    host: str
    logger: str
    level: int
    text: str


class _Sender(logging.Handler):
    def __init__(self, cohort: int, send: Callable[[WorkerLine], None]) -> None:
        super().__init__()
        self._cohort = cohort
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._send(
                WorkerLine(
                    cohort=self._cohort,
                    host=socket.gethostname(),
                    logger=record.name,
                    level=record.levelno,
                    text=record.getMessage(),
                )
            )
        except Exception:
            # The line then stands in the worker's error output, and its cohort is not lost.
            self.handleError(record)


@contextmanager
def sent_to_driver(cohort: int, send: Callable[[WorkerLine], None]) -> Iterator[None]:
    """Sends each line that is logged while the block runs, at once: a worker may die afterwards.

    Args:
        cohort: Number of the cohort in training.
        send: Returns when the line has left this process.
    """
    handler = _Sender(cohort, send)
    logger = logging.getLogger(ROOT)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def log_again(line: WorkerLine) -> None:
    """Logs in this process what a worker has logged."""
    logging.getLogger(line.logger).log(
        line.level, "cohort %d on %s: %s", line.cohort, line.host, line.text
    )
