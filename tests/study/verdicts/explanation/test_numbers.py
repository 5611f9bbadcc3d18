from __future__ import annotations

import math

import pytest

from study.verdicts.explanation.numbers import figure, percent


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.2411, "0.24"),
        (0.1, "0.10"),
        (0.0999, "0.10"),
        (3.14159, "3.1"),
        (9.99, "10"),
        (64.4, "64"),
        (234.0, "230"),
        (9960.0, "1e4"),
        (7.04e-19, "7e-19"),
        (4.16e11, "4.2e11"),
        (1e-3, "1e-3"),
        (0.012, "0.012"),
        (-2.5, "-2.5"),
        (0.0, "0"),
        (1e6, "1e6"),
        (math.inf, "inf"),
        (math.nan, "unknown"),
    ],
)
def test_two_significant_digits(value: float, expected: str) -> None:
    assert figure(value) == expected


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.98, "98 %"), (1.0, "100 %"), (0.05, "5 %"), (0.055, "5.5 %"), (0.9, "90 %")],
)
def test_percent(share: float, expected: str) -> None:
    assert percent(share) == expected
