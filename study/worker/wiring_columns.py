"""Columns of the trials table that say how a trial's network is put together."""

from __future__ import annotations

import math
from collections.abc import Sequence

from study.engine.forensics import Wiring
from study.engine.layers import Layer
from study.worker.still_parts import FROZEN, in_words


def wiring_columns(wiring: Wiring | None, layers: Sequence[Layer]) -> dict[str, object]:
    """Returns them, null where it was not looked at.

    Args:
        wiring: What the look found.
        layers: Of the network; frozen ones are named, but have no share in `still_share`, by
            which they would be the cause of failures: their author meant it so.
    """
    found = Wiring() if wiring is None else wiring
    frozen = dict.fromkeys((layer.name for layer in layers if layer.frozen), FROZEN)
    return {
        "wiring_fault": found.fault,
        "wiring_detail": found.detail,
        "time_ratio": None if math.isnan(found.time_ratio) else found.time_ratio,
        "still_parts": in_words({**frozen, **found.still}) or None,
        "still_share": found.still_share,
    }
