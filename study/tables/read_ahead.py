"""Work on many files in order, with a few ahead in other threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

_THREADS = 2
_AHEAD = 8
"""Files that are read while an earlier one is worked on."""

In = TypeVar("In")
Out = TypeVar("Out")


def in_order(work: Callable[[In], Out], items: Sequence[In]) -> Iterator[Out]:
    """`work` of each item, in order, a few ahead in other threads: decoding leaves Python's lock.

    Unlike `Executor.map` it never holds more than a few results.
    """
    if len(items) <= 1:  # Most calls of a running study concern one part; a thread only costs.
        yield from map(work, items)
        return
    with ThreadPoolExecutor(_THREADS) as pool:
        rest = iter(items)
        ahead: list[Future[Out]] = [pool.submit(work, item) for item in islice(rest, _AHEAD)]
        while ahead:
            done = ahead.pop(0)
            ahead += [pool.submit(work, item) for item in islice(rest, 1)]
            yield done.result()
