from __future__ import annotations

import math

import pytest

from analysis.labels import number_label, percent


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
