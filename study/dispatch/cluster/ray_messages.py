"""What Ray prints on the driver's stdout when one of its processes dies, as a line of the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ray._private import worker

_logger = logging.getLogger("gradscape.dispatch")

_DETAILS = (" Possible reasons include", " Last 20 lines", "\n")
"""What follows the sentence that says what happened: forty lines of Ray's own logs."""


@contextmanager
def ray_messages() -> Iterator[None]:
    """Logs each message of Ray to its driver once, by its first sentence, and prints none.

    Ray has no switch for it: `log_to_driver` is about the workers' output, and `--json` of a
    command leaves nothing else on stdout.
    """
    prints = worker.print_to_stdstream
    logged: set[str] = set()

    def log(data: Mapping[str, Any], ignore_prefix: bool) -> None:
        for line in data["lines"]:
            text = sentence(str(line))
            if text not in logged:
                logged.add(text)
                _logger.warning("Ray: %s", text)

    worker.print_to_stdstream = log
    try:
        yield
    finally:
        worker.print_to_stdstream = prints


def sentence(message: str) -> str:
    """The part of a message of Ray that says what happened."""
    text = message.strip()
    for details in _DETAILS:
        text = text.partition(details)[0]
    return text.strip()
