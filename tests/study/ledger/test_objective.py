from __future__ import annotations

import math

import pytest

from study.ledger import objective_value


@pytest.mark.parametrize(
    ("final", "initial", "told"),
    [
        (0.1, 2.3, 0.1),
        (5.0, 2.3, 2.3),
        (math.inf, 2.3, 2.3),
        (math.nan, 2.3, 2.3),
        (None, 2.3, 2.3),
        (0.1, math.nan, 1e6),
        (math.nan, math.inf, 1e6),
        (-4.0, -1.0, -4.0),
    ],
)
def test_final_loss_is_clamped_at_the_initial_one(final, initial, told):
    assert objective_value(final, initial) == told
