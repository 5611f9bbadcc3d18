from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix

from analysis import (
    AnalysisError,
    largest_disagreements,
    learning_rate_agreement,
    ratio_errors,
    regime_agreement,
    theory_agreement,
    wilson_interval,
)
from tests.support.synthetic import edge
from tests.support.synthetic_signals import NEW_COLUMNS

REGIMES = ["exploding", "dead", "saturated", "vanishing", "healthy"]


@pytest.fixture(scope="module")
def trials(digits) -> pd.DataFrame:
    return digits.trials


def test_regimes_are_those_of_a_confusion_matrix(trials):
    table = regime_agreement(trials)
    spoken = trials[trials["predicted_regime"].notna()]
    assert 0 < len(spoken) < len(trials)
    expected = confusion_matrix(
        spoken["predicted_regime"], spoken["regime_initial"], labels=REGIMES
    )
    assert list(table["predicted"]) == REGIMES
    np.testing.assert_array_equal(table[REGIMES], expected)
    assert table.attrs == {"silent": len(trials) - len(spoken), "unmeasured": 0}
    for row, counts in zip(table.to_dict("records"), expected, strict=True):
        agree = counts[REGIMES.index(row["predicted"])]
        assert row["trials"] == counts.sum()
        if counts.sum():
            assert row["agreement"] == pytest.approx(agree / counts.sum())
            low, high = wilson_interval(agree, counts.sum())
            assert (row["low"], row["high"]) == (float(low), float(high))
        else:
            assert np.isnan(row["agreement"]) and np.isnan(row["low"])


def test_unmeasured_regimes_are_counted_apart():
    trials = pd.DataFrame(
        {
            "predicted_regime": ["healthy", "healthy", None, "vanishing"],
            "regime_initial": ["healthy", None, "healthy", "dead"],
        }
    )
    table = regime_agreement(trials).set_index("predicted")
    assert table.attrs == {"silent": 1, "unmeasured": 1}
    assert table.loc["healthy", "trials"] == table.loc["healthy", "healthy"] == 1
    assert table.loc["vanishing", "dead"] == 1 and table.loc["vanishing", "agreement"] == 0


def test_an_unknown_regime_is_refused():
    trials = pd.DataFrame({"predicted_regime": ["fine"], "regime_initial": ["healthy"]})
    with pytest.raises(AnalysisError, match="predicted_regime must be one of .* example 'fine'"):
        regime_agreement(trials)


def test_errors_are_the_noise_of_the_study(trials):
    """R is predicted but for a factor 10 ** normal(0, 0.1)."""
    errors = ratio_errors(trials)
    silent = (trials["activation"] == "gelu").to_numpy()
    assert errors.isna().tolist() == silent.tolist()
    noise = np.log(trials["loss_initial"] / 2.3)
    np.testing.assert_allclose(errors[~silent], noise[~silent], atol=1e-12)


def test_groups_as_a_loop_does(trials):
    table = theory_agreement(trials)
    assert list(table.columns[:2]) == ["activation", "initialization"]
    assert len(table) == 16, "no row for gelu, about which theory is silent"
    for row in table.to_dict("records"):
        own = [
            one
            for one in trials.to_dict("records")
            if all(one[name] == row[name] for name in ("activation", "initialization"))
        ]
        signed = [np.log(one["delta_ratio_initial"] / one["predicted_ratio"]) for one in own]
        assert row["trials"] == row["ratios"] == len(own)
        assert row["bias"] == pytest.approx(np.median(signed))
        assert row["error_median"] == pytest.approx(np.median(np.abs(signed)))
        assert row["error_p90"] == pytest.approx(np.quantile(np.abs(signed), 0.9))
        assert row["error_largest"] == pytest.approx(np.max(np.abs(signed)))
        agreeing = sum(one["predicted_regime"] == one["regime_initial"] for one in own)
        assert row["agreeing"] == agreeing
        assert row["low"] <= row["agreement"] <= row["high"]


def test_all_trials_as_one_group(trials):
    row = theory_agreement(trials, ()).iloc[0]
    matrix = regime_agreement(trials)
    assert row["trials"] == matrix["trials"].sum()
    assert row["agreeing"] == sum(matrix.loc[i, name] for i, name in enumerate(REGIMES))
    assert row["error_median"] == pytest.approx(ratio_errors(trials).abs().median())


def test_a_gradient_that_is_all_gone_agrees_with_one_predicted_below_what_floats_hold():
    trials = pd.DataFrame(
        {
            "trial": [0, 1, 2, 3],
            "verdict": "vanishing",
            "predicted_ratio": [1e-60, 0.5, 0.5, 1.0],
            "delta_ratio_initial": [0.0, 0.0, np.inf, np.nan],
        }
    )
    errors = ratio_errors(trials)
    assert errors[0] == 0
    assert errors[1] == pytest.approx(np.log(1e-30 / 0.5))
    assert errors[2] == pytest.approx(np.log(1e30 / 0.5))
    assert np.isnan(errors[3])
    assert largest_disagreements(trials)["trial"].tolist() == [2, 1, 0]


def test_the_farthest_trials_come_first(trials):
    table = largest_disagreements(trials, 7)
    size = {
        one["trial"]: abs(np.log(one["delta_ratio_initial"] / one["predicted_ratio"]))
        for one in trials.to_dict("records")
        if one["activation"] != "gelu"
    }
    expected = sorted(size, key=lambda trial: (-size[trial], trial))[:7]
    assert table["trial"].tolist() == expected
    np.testing.assert_allclose(table["ratio_error"].abs(), [size[one] for one in expected])
    assert {"depth", "activation", "predicted_regime", "verdict"} <= set(table.columns)


@pytest.mark.parametrize("edges", [(1.0,), (0.1, 1.0, 6.0)])
def test_learning_rates_as_a_loop_does(trials, edges):
    table = learning_rate_agreement(trials, edges)
    known = [one for one in trials.to_dict("records") if one["trial"] % 2 == 0]
    assert table.attrs == {"silent": len(trials) - len(known)}
    assert list(table["to"][:-1]) == list(table["from"][1:]) == list(edges)
    for row in table.to_dict("records"):
        own = [
            one["verdict"]
            for one in known
            if row["from"] <= one["learning_rate"] / edge(one["depth"]) < row["to"]
        ]
        assert row["trials"] == len(own) > 0
        assert (row["exploding"], row["stable"]) == (own.count("exploding"), own.count("stable"))
        assert row["share"] == pytest.approx(own.count("exploding") / len(own))
        low, high = wilson_interval(own.count("exploding"), len(own))
        assert (row["low"], row["high"]) == (float(low), float(high))
    below = table[table["to"] <= 1]
    assert below["exploding"].sum() == 0 and table["exploding"].sum() > 50


def test_the_limit_itself_counts_as_above():
    trials = pd.DataFrame(
        {"learning_rate": [0.5, 0.1], "predicted_max_learning_rate": 0.5, "verdict": "stable"}
    )
    assert learning_rate_agreement(trials)["trials"].tolist() == [1, 1]
    for edges in ((0.0,), (1.0, 1.0), (2.0, 1.0)):
        with pytest.raises(ValueError, match="rise"):
            learning_rate_agreement(trials, edges)


def test_studies_without_predictions(trials):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        older = trials.drop(columns=list(NEW_COLUMNS))
        for silent in (older, trials.assign(**dict.fromkeys(NEW_COLUMNS)), trials.head(0)):
            assert regime_agreement(silent)["trials"].sum() == 0
            assert regime_agreement(silent).attrs["silent"] == len(silent)
            assert ratio_errors(silent).isna().all()
            assert theory_agreement(silent).empty and theory_agreement(silent, ()).empty
            assert learning_rate_agreement(silent)["trials"].sum() == 0
            assert largest_disagreements(silent).empty
