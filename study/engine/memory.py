"""How much memory there is, and what running out of it looks like."""

from __future__ import annotations

import os
from pathlib import Path

import torch

SHARE = 0.8
"""Of the free memory that a cohort may plan to use; the rest is for what was not foreseen."""

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")

_CPU_MESSAGES = ("can't allocate memory", "not enough memory", "Cannot allocate memory")


def free_memory(device: torch.device) -> float:
    """Bytes that are free on a device now."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return float(free)
    limits = [_available()]
    limit, used = _number(_CGROUP / "memory.max"), _number(_CGROUP / "memory.current")
    if limit is not None and used is not None:
        limits.append(limit - used)
    return max(0.0, min(limits))


def total_memory(device: torch.device) -> float:
    """Bytes that a device has, free or not; of a CPU what a control group leaves of them."""
    if device.type == "cuda":
        return float(torch.cuda.get_device_properties(device).total_memory)
    limit = _number(_CGROUP / "memory.max")
    total = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return total if limit is None else min(limit, total)


def memory_limit(device: torch.device, share: float) -> float:
    """Bytes that one of several trainings on a device may plan to use.

    Args:
        device: Where it trains.
        share: Of the device, 0 < share <= 1.
    """
    free = free_memory(device)
    if device.type == "cuda":
        # Others may have taken their share of the card already.
        _, total = torch.cuda.mem_get_info(device)
        free = min(free, share * total)
        share = 1.0
    return SHARE * share * free


def is_out_of_memory(error: BaseException) -> bool:
    """Returns whether this is what torch or numpy raise when memory is short."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _CPU_MESSAGES)


def _available() -> float:
    """Memory of the machine that can be had without swapping."""
    if _MEMINFO.exists():
        for line in _MEMINFO.read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                return float(value.split()[0]) * 1024
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _number(path: Path) -> float | None:
    """Returns what a control group's file says; None if there is none, or no limit."""
    try:
        return float(path.read_text())
    except (OSError, ValueError):
        return None
