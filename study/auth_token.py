"""Ray's token of this user, which whoever reads it runs code on the cluster with."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

NAME = "~/.ray/auth_token"

OTHERS = stat.S_IRWXG | stat.S_IRWXO

_logger = logging.getLogger("gradscape.token")


def own_token_file() -> Path:
    """Where Ray keeps the user's token; the file need not exist.

    Raises:
        RuntimeError: If the user has no home.
    """
    return Path.home() / ".ray" / "auth_token"


def keep_private(path: Path) -> None:
    """Takes the file from the group and others, and says so; says it alone if it is not ours."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return
    if not mode & OTHERS:
        return
    try:
        path.chmod(mode & ~OTHERS)
    except OSError as error:
        _logger.warning(
            "%s can be read by others (mode %03o) and cannot be changed: %s; whoever reads it "
            "runs code on the cluster: make another token",
            *(NAME, mode, error.strerror),
        )
        return
    _logger.warning(
        "%s could be read by others (mode %03o), which lets them run code on the cluster; it is "
        "yours alone now (mode %03o)",
        *(NAME, mode, mode & ~OTHERS),
    )
