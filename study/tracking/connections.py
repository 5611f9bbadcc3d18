"""Several requests to a server at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


def at_once(work: Callable[[In], Out], items: Sequence[In], threads: int) -> list[Out]:
    """`work` of each item, in order; after an error no further item is begun.

    The threads are daemons, unlike an executor's: a server that keeps silent keeps no process that
    was told to end.

    Args:
        work: Called in one of the threads.
        items: What it is called with.
        threads: How many work at a time.

    Raises:
        BaseException: The first error, once what was begun has ended.
    """
    rest = list(enumerate(items))[::-1]
    done: dict[int, Out] = {}
    errors: list[BaseException] = []

    def take() -> None:
        while rest and not errors:
            try:
                number, item = rest.pop()
            except IndexError:
                return  # Another thread was quicker.
            try:
                done[number] = work(item)
            except BaseException as error:
                errors.append(error)

    workers = [
        threading.Thread(target=take, name="tracking", daemon=True)
        for _ in range(min(threads, len(items)))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]
    return [done[number] for number in range(len(items))]
