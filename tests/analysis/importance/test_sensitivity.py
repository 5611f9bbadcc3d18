from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis.importance.sensitivity import learning_rate_sensitivity

SPACE = {
    "learning_rate": {"kind": "choice", "choices": [0.001, 0.01, 0.1, 1.0]},
    "depth": {"kind": "choice", "choices": [2, 4]},
}


def study(losses, repeats=10, noise=0.0, seed=0):
    """Final losses by (depth, learning rate); 2 at initialization."""
    rng = np.random.default_rng(seed)
    rows = [
        {"depth": depth, "learning_rate": rate, "loss_final": loss + noise * rng.normal()}
        for depth, by_rate in losses.items()
        for rate, loss in zip(SPACE["learning_rate"]["choices"], by_rate, strict=True)
        for _ in range(repeats)
    ]
    frame = pd.DataFrame(rows).assign(loss_initial=2.0, verdict="stable")
    frame["configuration"] = np.arange(len(frame))
    frame.attrs = {"hyperparameters": SPACE}
    return frame


def test_it_is_the_mean_of_clamped_losses_less_the_best():
    table = learning_rate_sensitivity(
        study({2: [1.0, 0.2, 0.4, math.inf], 4: [1.5, 0.5, 9.0, math.nan]})
    ).set_index("value")
    assert table.loc["2", "sensitivity"] == pytest.approx((1.0 + 0.2 + 0.4 + 2.0) / 4 - 0.2)
    assert table.loc["4", "sensitivity"] == pytest.approx((1.5 + 0.5 + 2.0 + 2.0) / 4 - 0.5)
    assert table.loc["", "sensitivity"] == pytest.approx((1.25 + 0.35 + 1.2 + 2.0) / 4 - 0.35)


def test_learning_rates_count_equally_however_many_trials_each_has():
    trials = study({2: [1.0, 0.2, 0.4, 2.0], 4: [1.0, 0.2, 0.4, 2.0]})
    more = pd.concat([trials, *[trials[trials["learning_rate"] == 1.0]] * 9], ignore_index=True)
    more.attrs = trials.attrs
    rows = (learning_rate_sensitivity(one)["sensitivity"] for one in (trials, more))
    np.testing.assert_allclose(*rows)


@pytest.mark.slow
def test_the_interval_covers_the_truth_about_as_often_as_promised():
    truth, inside = (1.0 + 0.2 + 0.8 + 2.0) / 4 - 0.2, 0
    for seed in range(100):
        trials = study({2: [1.0, 0.2, 0.8, 3.0]}, repeats=12, noise=0.3, seed=seed)
        row = learning_rate_sensitivity(trials, [], seed=seed).iloc[0]
        inside += row["sensitivity_low"] <= truth <= row["sensitivity_high"]
    assert 86 <= inside <= 99


def test_too_little_to_tell():
    one = study({2: [1.0, 0.2, 0.4, 2.0]}, repeats=1)
    row = learning_rate_sensitivity(one, []).iloc[0]
    assert row["sensitivity"] > 0 and math.isnan(row["sensitivity_low"])
    single = one.head(1)
    single.attrs = one.attrs
    assert math.isnan(learning_rate_sensitivity(single, [])["sensitivity"].item())
