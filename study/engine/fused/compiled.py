"""The compiled steps: made once on a machine, then read from a folder.

Compiling takes about 13 seconds of one core for each floating-point type. The folder is named by
the sources, so that no code of an older version is ever run; numba itself keeps CPUs apart.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import config

from study.engine.fused import activations, functions, losses, steps, updates

COMPILED = (activations, functions, losses, steps, updates)
"""Modules whose functions are compiled: numba itself would look at `steps` only."""

_logger = logging.getLogger("gradscape.engine")


@cache
def compiled(dtype: str) -> Callable[..., None]:
    """Returns `advance`, which is compiled for this type by its first call where it is not yet.

    Args:
        dtype: Name of the floating-point type; the first call is announced in the log.
    """
    folder = _folder()
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)  # numba reads it when caching is switched on.
    try:
        steps.advance.enable_caching()
    except RuntimeError as error:  # No folder can be written to: it is compiled in each process.
        _logger.warning("compiled code cannot be kept: %s", error)
    finally:
        config.CACHE_DIR = before
    mark = folder / f"{dtype}.compiled"
    if mark.exists():
        return steps.advance

    def first_call(*arguments: Any) -> None:
        if not mark.exists():
            _logger.info("compiling the steps of networks for this machine, once: 15 seconds")
        steps.advance(*arguments)
        if folder.is_dir():
            mark.touch()

    return first_call


def _folder() -> Path:
    sources = [Path(module.__file__ or "") for module in COMPILED]
    content = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home, "gradscape", f"steps-{content[:16]}")
