"""Compiled work on the trials of a cohort, shared among threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import torch
from numba.np.linalg import ensure_blas
from threadpoolctl import ThreadpoolController


def in_threads(work: Callable[[int, int], None], trials: int) -> None:
    """Does the work of trials [start, stop) in as many threads as torch may use.

    Args:
        work: Releases the GIL.
        trials: Of which each thread gets about the same number.
    """
    threads = min(torch.get_num_threads(), trials)
    with _blas().limit(limits=1):  # Threads are over trials.
        if threads == 1:
            work(0, trials)
            return
        bounds = [trials * part // threads for part in range(threads + 1)]
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, bounds[:-1], bounds[1:]))


@cache
def _blas() -> ThreadpoolController:
    ensure_blas()  # Loads the library of compiled products, if it is not yet.
    return ThreadpoolController().select(user_api="blas")
