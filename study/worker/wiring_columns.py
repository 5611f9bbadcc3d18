"""Columns of the trials table that say how a trial's network is put together."""

from __future__ import annotations

import math

from study.engine.forensics import Wiring


def wiring_columns(wiring: Wiring | None) -> dict[str, object]:
    """Returns them, null where it was not looked at."""
    found = Wiring() if wiring is None else wiring
    return {
        "wiring_fault": found.fault,
        "wiring_detail": found.detail,
        "time_ratio": None if math.isnan(found.time_ratio) else found.time_ratio,
        "still_parts": found.still_parts,
        "still_share": found.still_share,
    }
