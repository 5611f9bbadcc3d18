"""The axis of training steps, from 0, on a logarithmic scale."""

from __future__ import annotations

_MARKS = (0, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)


def step_axis(last: int) -> dict[str, object]:
    """Returns the settings of an axis on which step s lies at s + 1, so that step 0 is on it.

    Args:
        last: The last step that is drawn.
    """
    marks = [mark for mark in _MARKS if mark <= last]
    return {
        "type": "log",
        "title": {"text": "step"},
        "tickvals": [mark + 1 for mark in marks],
        "ticktext": [f"{mark:,}" for mark in marks],
        "showgrid": False,
    }
