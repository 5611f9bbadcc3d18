"""Numbers as an explanation shows them."""

from __future__ import annotations

import math


def figure(value: float) -> str:
    """Writes a number to two significant digits: 0.24, 3.1, 64, 230, 7e-19; "unknown" for NaN."""
    if math.isnan(value):
        return "unknown"
    if math.isinf(value) or value == 0:
        return f"{value:.0f}"
    mantissa, _, power = f"{value:.1e}".partition("e")
    exponent = int(power)
    if -2 <= exponent < 4:
        digits = 1 - exponent
        return f"{round(value, digits):.{max(digits, 0)}f}"
    return f"{mantissa.removesuffix('.0')}e{exponent}"


def percent(share: float) -> str:
    """Writes a share as a percentage of two significant digits: "98 %"."""
    return f"{figure(100 * share).removesuffix('.0')} %"
