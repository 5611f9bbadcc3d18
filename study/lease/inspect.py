"""Who holds a study, asked without taking it."""

from __future__ import annotations

import fcntl
from dataclasses import dataclass
from pathlib import Path

from study.lease.holder import Holder, since_of


@dataclass(frozen=True, kw_only=True)
class Held:
    """A study that somebody works on.

    Attributes:
        holder: Who works on it; None in the moment before it has written who it is.
        since: Unix time in seconds; None in that moment too.
    """

    holder: Holder | None
    since: float | None


def look(path: Path) -> Held | None:
    """Who has locked the file at this path (see `LockFile`); None if nobody has."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            text = file.read()
            holder = Holder.from_json(text)
            if holder is not None and holder.is_gone:
                return None
            # Shared, and let go of at once: it would keep a driver that begins just now out.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
    except BlockingIOError:
        return Held(holder=holder, since=since_of(text))
    except OSError:
        return None
