"""Numbers and shares as people read them."""

from __future__ import annotations

import math

from study.tables.encoding import NO_LIMIT


def number_label(value: float, *, digits: int = 2) -> str:
    """Writes a number as a study file would have it: `64`, `0.003`, `1e-4`, `none` for +inf.

    Args:
        value: The number; +inf is the absence of a limit.
        digits: Significant digits of what is no whole number.
    """
    if math.isnan(value):
        return "not applicable"
    if math.isinf(value):
        return NO_LIMIT if value > 0 else "-inf"
    if value == round(value) and abs(value) < 1e5:
        return str(int(value))
    if 1e-3 <= abs(value) < 1e5:
        return f"{float(f'{value:.{digits}g}'):g}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def value_label(value: object, *, digits: int = 2) -> str:
    """Writes a hyperparameter's value: numbers as `number_label`, names as they are."""
    if value is None:
        return "not applicable"
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return str(value)
    return str(value) if isinstance(value, str) else number_label(number, digits=digits)


def percent(share: float) -> str:
    """Writes `41 %`; `< 1 %` and `> 99 %` where rounding would claim none or all.

    The spaces do not break, here and in `percent_range`.
    """
    if math.isnan(share):
        return "–"
    if 0 < share < 0.005:
        return "<\u00a01\u00a0%"
    if 0.995 <= share < 1:
        return ">\u00a099\u00a0%"
    return f"{100 * share:.0f}\u00a0%"


def percent_range(low: float, high: float) -> str:
    """Writes `37–46 %`."""
    if math.isnan(low) or math.isnan(high):
        return "–"
    return f"{100 * low:.0f}–{100 * high:.0f}\u00a0%"


def estimate_label(share: float, low: float, high: float) -> str:
    """Writes `41 % (37–46 %)`: an estimate of a share and its interval, within 0 and 100 %."""
    low, high = max(0.0, low), min(1.0, max(0.0, high))
    return f"{percent(max(0.0, share))} ({percent_range(low, high)})"


def names_label(*names: str | None) -> str:
    """Writes `learning rate and depth`: hyperparameters in words; None is left out."""
    return " and ".join(name.replace("_", " ") for name in names if name)


def capitalized(text: str) -> str:
    """Returns the text with a capital letter at the beginning, the rest as it is."""
    return text[:1].upper() + text[1:]


def points(difference: float) -> str:
    """Writes a difference of shares in percentage points: `+12`, `−3`, `+0.4`, `0`."""
    if math.isnan(difference):
        return "–"
    rounded = round(100 * difference)
    if difference and not rounded:
        return f"{100 * difference:+.1f}".replace("-", "−")
    return f"{rounded:+d}".replace("-", "−") if rounded else "0"


def count_label(number: int, noun: str) -> str:
    """Writes `1 trial`, `1,024 trials`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
