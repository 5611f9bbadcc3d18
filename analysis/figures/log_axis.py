"""A logarithmic axis with a few round ticks, in plain numbers."""

from __future__ import annotations

import math

from analysis.labels import number_label

_MOST_TICKS = 5
_PARTS = ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))


def log_axis(low: float, high: float) -> dict[str, object]:
    """Returns the settings of an axis between two exponents of ten.

    Args:
        low: Exponent of the lower end.
        high: Exponent of the upper end.
    """
    ticks = _ticks(low, high)
    labels = [number_label(tick) for tick in ticks]
    return {"type": "log", "range": [low, high], "tickvals": ticks, "ticktext": labels}


def _ticks(low: float, high: float) -> list[float]:
    """Returns up to 5 ticks: at 1, 2 and 5 of each decade, at 1 and 3, or at powers of ten."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    for parts in _PARTS:
        ticks = [part * 10.0**decade for decade in decades for part in parts]
        inside = [tick for tick in ticks if low <= math.log10(tick) <= high]
        if len(inside) <= _MOST_TICKS:
            return inside
    return inside[:: math.ceil(len(inside) / _MOST_TICKS)]
