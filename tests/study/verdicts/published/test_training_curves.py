"""Rules on the figures of a whole training: clipping, and convergence for fractal maps."""

from __future__ import annotations

import math

import pytest


@pytest.mark.parametrize(("share", "expected"), [(0.5, False), (0.505, True), (None, False)])
def test_clipping(little, share: float | None, expected: bool) -> None:
    fired = little().trial(clipped_fraction=share).alarms()
    assert ("tuning_playbook.clipping" in fired) == expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (2.4, 2.39, False),
        (2.4, 2.4, True),
        (2.4, math.nan, True),
        (2.4, math.inf, True),
        (-1.0, -2.0, False),
    ],
)
def test_not_converged(little, first: float, last: float, expected: bool) -> None:
    fired = little().trial(loss_initial=first, loss_final=last).alarms()
    assert ("fractal.not_converged" in fired) == expected
