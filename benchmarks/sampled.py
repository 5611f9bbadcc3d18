"""Looks at something again and again while a block runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def sampled(look: Callable[[], None], every_s: float) -> Iterator[None]:
    """Calls `look` from a thread of its own, and once more at the end."""
    ended = threading.Event()

    def sample() -> None:
        while not ended.wait(every_s):
            look()

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        look()
