"""Devices that this process trains on, and why one is not there."""

from __future__ import annotations

import ctypes
import os
from functools import cache

import torch

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt, as malloc.h numbers them."""

LARGEST_KEPT = 2**30
"""Bytes of the largest block that is kept; larger ones are rarely asked for every step."""


def cuda_missing() -> str | None:
    """Returns the reason why torch finds no GPU here; None if it finds one."""
    if torch.cuda.is_available():
        return None
    if torch.version.cuda is None:
        return f"torch {torch.__version__} was built without it"
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return f"torch {torch.__version__} finds no GPU or no driver"
    return f"torch {torch.__version__} finds no GPU among CUDA_VISIBLE_DEVICES={visible}"


def ready(device: str | torch.device) -> torch.device:
    """Returns the device of that name; on a CPU, this process keeps memory that it frees."""
    named = torch.device(device)
    if named.type == "cpu":
        keep_freed_memory()
    return named


@cache
def keep_freed_memory() -> bool:
    """Has this process keep freed blocks, for its whole life. Returns whether it could be told.

    glibc gives large blocks back to the system when they are freed, and has each of their pages
    cleared when they are asked for again. That took 37 % of the CPU time of passes through
    convolutions of 32 channels, and 5 to 7 % of trainings of a GRU and of a CNN on images of
    28 x 28 pixels.

    The peak of a training's memory stays as it is; between cohorts the process holds on to it.
    A C library without `mallopt` is left alone.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_THRESHOLD, LARGEST_KEPT) and mallopt(_TRIM_THRESHOLD, 2**31 - 1))
