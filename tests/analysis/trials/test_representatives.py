from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis import AnalysisError, representative_trials, typical_trials
from analysis.trials.representatives import WAY


def ways(**counts: int) -> pd.DataFrame:
    """Exploding trials by cause, each way with its own size of the loss."""
    rng = np.random.default_rng(1)
    causes = [name for name, count in counts.items() for _ in range(count)]
    number = len(causes)
    place = {name: number for number, name in enumerate(counts)}
    return pd.DataFrame(
        {
            "trial": np.arange(number) + 100,
            "verdict": "exploding",
            "outcome": "nonfinite",
            "cause": causes,
            "regime_initial": None,
            "regime_final": "exploding",
            "loss_final": [10.0 ** (place[one] + rng.normal(0, 0.1)) for one in causes],
        }
    ).sample(frac=1, random_state=2)


def test_each_frequent_way_has_its_medoid_the_most_frequent_first():
    trials = ways(blown_up=20, violent_updates=50, exploding_gradients=29, odd=1)
    found = representative_trials(trials)
    assert list(found["cause"]) == ["violent_updates", "exploding_gradients", "blown_up"]
    assert list(found["alike"]) == [50, 29, 20] and set(found["of"]) == {100}
    for row in found.to_dict("records"):
        alike = trials[trials["cause"] == row["cause"]]
        assert row["trial"] == typical_trials(alike)["trial"].iloc[0]


def test_n_limits_them_and_rare_ways_stand_for_nothing():
    trials = ways(blown_up=20, violent_updates=50, exploding_gradients=29, odd=1)
    assert len(representative_trials(trials, n=2)) == 2
    assert "odd" not in set(representative_trials(trials, n=9)["cause"])
    with pytest.raises(ValueError, match="n >= 1"):
        representative_trials(trials, n=0)


def test_a_verdict_whose_trials_all_went_their_own_way_has_one_trial():
    trials = ways(**{f"way_{number}": 1 for number in range(40)})
    assert len(representative_trials(trials)) == 1


def test_tables_of_an_earlier_gradscape_without_causes(digits):
    bare = digits.trials.drop(columns="cause")
    found = representative_trials(bare)
    assert set(found["verdict"]) == set(bare["verdict"])
    assert found["cause"].isna().all()


def test_of_no_trials_there_are_none_and_strange_verdicts_are_refused(digits):
    empty = representative_trials(digits.trials.head(0))
    assert len(empty) == 0 and set(WAY) < set(empty.columns)
    with pytest.raises(AnalysisError):
        representative_trials(digits.trials.assign(verdict="fine"))
