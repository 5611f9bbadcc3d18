from __future__ import annotations

import pandas as pd
import pytest

from study.diagnosis.expectation import Expectation, expectation


def expected(verdict: str = "stalled", rate: float = 0.1, **columns: object) -> Expectation:
    given = {
        "delta_ratio_initial": [0.02, 0.03, 0.05],
        "regime_initial": ["healthy", "healthy", "vanishing"],
        "predicted_ratio": 0.04,
        "predicted_regime": "healthy",
        "predicted_max_learning_rate": [1.0, 2.0, 4.0],
        "sharpness_initial": [2.0, 1.0, 0.5],
        "predicted_saturated_fraction": None,
        **columns,
    }
    return expectation(pd.DataFrame(given), verdict=verdict, learning_rate=rate)


def test_agreement_needs_no_remark() -> None:
    compared = expected()
    assert compared.predicted_ratio == 0.04 and compared.predicted_regime == "healthy"
    assert compared.ratio is not None and compared.max_learning_rate is not None
    assert (compared.ratio.median, compared.ratio.low, compared.ratio.high) == (0.03, 0.02, 0.05)
    assert compared.max_learning_rate.median == 2
    assert compared.regimes == {"healthy": 2, "vanishing": 1}
    assert compared.predicted_saturated_fraction is None and compared.remarks == ()


def test_theory_may_be_silent() -> None:
    compared = expected(
        predicted_ratio=None, predicted_regime=None, predicted_max_learning_rate=None
    )
    assert compared.predicted_ratio is None and compared.max_learning_rate is None
    assert compared.remarks == ()
    bare = expectation(pd.DataFrame({"trial": [0]}), verdict="stable", learning_rate=1.0)
    assert bare.ratio is None and bare.remarks == ()


def test_another_regime_is_said() -> None:
    (remark,) = expected(predicted_regime="exploding").remarks
    assert "exploding at initialization, but they are healthy with 2 of 3 seeds" in remark


@pytest.mark.parametrize(
    ("predicted", "words"),
    [(30.0, "1000 times smaller than theory"), (3e-5, "1000 times larger than theory")],
)
def test_another_ratio_is_said(predicted: float, words: str) -> None:
    (remark,) = expected(predicted_ratio=predicted).remarks
    assert words in remark


@pytest.mark.parametrize("predicted", [0.002, 0.5])
def test_a_factor_of_ten_beyond_the_seeds_is_no_disagreement(predicted: float) -> None:
    assert expected(predicted_ratio=predicted).remarks == ()


@pytest.mark.parametrize(
    ("verdict", "rate", "words"),
    [
        ("exploding", 6.0, "is 3.0 times the limit that curvature sets"),
        ("stable", 6.0, "it trains all the same"),
        ("exploding", 0.1, "below the limit that curvature sets at initialization, 2.0"),
    ],
)
def test_what_the_limit_says_of_the_learning_rate(verdict: str, rate: float, words: str) -> None:
    (remark,) = expected(verdict, rate).remarks
    assert words in remark
    assert expected("stable", 0.1).remarks == ()
