"""The regime that theory expects, from its figures and the thresholds."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from study.verdicts import DEFAULT, label_trials
from study.verdicts.prediction import predicted_regimes


@pytest.mark.parametrize(
    ("ratio", "saturated", "regime"),
    [
        (1.0, None, "healthy"),
        (0.9e-3, None, "vanishing"),
        (1.1e-3, 0.4, "healthy"),
        (1e-9, 0.6, "saturated"),
        (71.0, 0.6, "exploding"),
        (1e304, None, "exploding"),
        (69.0, None, "healthy"),
        (None, 0.6, None),
    ],
)
def test_the_rule_is_that_of_measured_gradients(ratio, saturated, regime) -> None:
    trials = pd.DataFrame(
        {"predicted_ratio": [ratio], "predicted_saturated_fraction": [saturated]}
    )
    assert predicted_regimes(trials, DEFAULT).tolist() == [regime]


def test_other_thresholds_expect_other_regimes() -> None:
    trials = pd.DataFrame({"predicted_ratio": [0.01], "predicted_saturated_fraction": [math.nan]})
    strict = DEFAULT.with_overrides({"vanishing_ratio": 0.1})
    assert predicted_regimes(trials, strict).tolist() == ["vanishing"]


def test_tables_without_predictions_are_labelled_all_the_same(make_trials, make_layers) -> None:
    trials = make_trials({}, {"metric_final": 0.1})
    older = trials.drop(columns=["predicted_ratio", "predicted_saturated_fraction"])
    labelled = label_trials(older, make_layers())
    assert labelled.predicted_regime.isna().all()
    assert (
        labelled.explanation.tolist() == label_trials(trials, make_layers()).explanation.tolist()
    )
