from __future__ import annotations

import math

import pytest

from analysis.figures.log_axis import log_axis


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (-0.1, 0.9, ["1", "2", "5"]),
        (-1.4, 0.4, ["0.1", "0.3", "1"]),
        (-3.2, 1.2, ["0.001", "0.01", "0.1", "1", "10"]),
        (-9.0, 0.5, ["1e-9", "1e-7", "1e-5", "0.001", "0.1"]),
    ],
)
def test_ticks_are_few_round_and_evenly_far_apart(low, high, labels):
    axis = log_axis(low, high)
    assert axis["ticktext"] == labels
    assert axis["range"] == [low, high]
    exponents = [math.log10(tick) for tick in axis["tickvals"]]
    gaps = [after - before for before, after in zip(exponents[:-1], exponents[1:], strict=True)]
    assert max(gaps) < 1.4 * min(gaps)
