"""Blocks in pieces that a CPU's cache holds while several operations pass over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import Tensor

CHUNK = 2**18
"""Numbers updated together. Measured with 64 trials of 64 x 64 weights, a cohort's usual size:
smaller pieces cost more in calls than they save, pieces of 2^23 numbers a quarter more."""

EVERY = slice(None)


def chunks(tensors: Sequence[Tensor]) -> Iterator[tuple[slice, tuple[Tensor, ...]]]:
    """Pieces of blocks of one shape, (P, K, ...), and which trials each piece is of.

    A piece has all trials of some parameters, or some trials of one parameter. Devices other
    than a CPU get the whole: there the number of operations is what costs.
    """
    first = tensors[0]
    if first.device.type != "cpu" or first.numel() <= CHUNK:
        yield EVERY, tuple(tensors)
        return
    parameters, trials = first.shape[:2]
    row = first.numel() // parameters
    for pieces in zip(*(tensor.split(max(1, CHUNK // row)) for tensor in tensors), strict=True):
        if row <= CHUNK:
            yield EVERY, pieces
            continue
        size = max(1, CHUNK // (row // trials))
        for start in range(0, trials, size):
            slots = slice(start, start + size)
            yield slots, tuple(piece[:, slots] for piece in pieces)
