from __future__ import annotations

import math

import pytest

from analysis.labels import (
    capitalized,
    estimate_label,
    names_label,
    number_label,
    percent,
    percent_range,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (64, "64"),
        (0.0031623, "0.0032"),
        (1e-4, "1e-4"),
        (2.5e-6, "2.5e-6"),
        (0.1, "0.1"),
        (10.0, "10"),
        (0.0, "0"),
        (-3.0, "-3"),
        (3e10, "3e10"),
        (math.inf, "none"),
    ],
)
def test_numbers_read_as_in_a_study_file(value, text):
    assert number_label(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.001, "< 1 %"), (0.999, "> 99 %"), (1, "100 %"), (0.41, "41 %")],
)
def test_rounding_never_claims_none_or_all(share, text):
    assert percent(share).replace("\u00a0", " ") == text


def test_estimates_names_and_capitals():
    assert estimate_label(0.41, 0.37, 0.46) == f"{percent(0.41)} ({percent_range(0.37, 0.46)})"
    assert estimate_label(-0.01, -0.03, 1.2) == f"{percent(0.0)} ({percent_range(0.0, 1.0)})"
    assert names_label("learning_rate", "depth") == "learning rate and depth"
    assert names_label("learning_rate", None) == "learning rate"
    assert capitalized("xOR and y") == "XOR and y" and capitalized("") == ""
