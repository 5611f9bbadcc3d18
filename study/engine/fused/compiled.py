"""Compiled functions: made once on a machine, then read from a folder.

For each floating-point type compiling takes one core about 13 seconds for the steps of chains and
9 for recurrent layers. The folder is named by the sources, so that no code of an older version is
ever run; numba itself keeps CPUs apart.
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

COMPILED = ("activations", "functions", "losses", "scans", "steps", "updates")
"""Files whose functions are compiled: numba itself would look at that of the function only."""

_logger = logging.getLogger("gradscape.engine")


@cache
def compiled(function: Any, dtype: str) -> Callable[..., None]:
    """Returns a function of `COMPILED` that is kept for later processes.

    Args:
        function: As numba decorated it; compiled by its first call where it is not yet.
        dtype: Name of the floating-point type; the first call is announced in the log.
    """
    folder = _folder()
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)  # numba reads it when caching is switched on.
    try:
        function.enable_caching()
    except RuntimeError as error:  # No folder can be written to: it is compiled in each process.
        _logger.warning("compiled code cannot be kept: %s", error)
    finally:
        config.CACHE_DIR = before
    mark = folder / f"{function.__name__}-{dtype}.compiled"
    work: Callable[..., None] = function
    if mark.exists():
        return work

    def first_call(*arguments: Any) -> None:
        if not mark.exists():
            _logger.info(
                "compiling what trains networks for this machine, once: %s, up to 15 seconds",
                function.__name__,
            )
        work(*arguments)
        if folder.is_dir():
            mark.touch()

    return first_call


def _folder() -> Path:
    sources = [Path(__file__).with_name(f"{name}.py") for name in COMPILED]
    content = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home, "gradscape", f"steps-{content[:16]}")
