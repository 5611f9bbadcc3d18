from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis import AnalysisError
from analysis.maps.theory_lines import theory_lines


def study(number=400, seed=0):
    """Mean field of a linear network: chi = weight_std ** 2; sharpness grows with depth."""
    rng = np.random.default_rng(seed)
    depth = rng.choice([4, 8, 16], number)
    std = rng.choice([0.7, 0.9, 1.1, 1.3], number)
    frame = pd.DataFrame(
        {
            "trial": np.arange(number),
            "depth": depth,
            "weight_std": std,
            "learning_rate": 10 ** rng.uniform(-3, 0, number),
            "predicted_ratio": std ** (depth - 1.0),
            "predicted_max_learning_rate": 1.0 / depth,
            "verdict": "stable",
        }
    )
    frame.attrs = {
        "hyperparameters": {"weight_std": {"kind": "choice", "choices": [0.7, 0.9, 1.1, 1.3]}}
    }
    return frame


def test_trainable_depth_is_six_depth_scales():
    table = theory_lines(study(), "weight_std", "depth")
    lines = table[table["line"] == "trainable depth"].set_index("cell")
    assert (lines["on"] == "depth").all()
    for cell, std in enumerate([0.7, 0.9, 1.1, 1.3]):
        assert lines.loc[cell, "value"] == pytest.approx(6 / abs(np.log(std**2)))
        assert lines.loc[cell, "low"] == pytest.approx(lines.loc[cell, "high"])


def test_networks_whose_chi_changes_from_layer_to_layer_are_told_of_by_the_deepest():
    # Tanh under Xavier: R falls as a power of the depth. Medians over all depths made a line that
    # went up and down along the learning rate, of which theory says nothing.
    trials = study()
    trials["predicted_ratio"] = trials["depth"] ** -0.5
    table = theory_lines(trials, "learning_rate", "depth")
    depths = table[table["line"] == "trainable depth"]["value"]
    assert len(depths) > 3 and np.allclose(depths, 6 * 15 / np.log(16))


def test_the_critical_line_is_where_chi_is_one():
    table = theory_lines(study(), "weight_std", "depth")
    critical = table[table["line"] == "critical line"]
    assert len(critical) == 3 and (critical["on"] == "weight_std").all()
    assert np.allclose(critical["value"], 1.0, atol=0.02)


def test_the_largest_learning_rate_is_the_median_of_the_predicted_ones():
    trials = study()
    table = theory_lines(trials, "learning_rate", "depth", where={"weight_std": 0.9})
    rates = table[table["line"] == "largest learning rate"].sort_values("cell")
    np.testing.assert_allclose(rates["value"], [1 / 4, 1 / 8, 1 / 16])
    assert rates["trials"].sum() == (trials["weight_std"] == 0.9).sum()


def test_where_theory_is_silent_nothing_is_drawn():
    trials = study().drop(columns=["predicted_ratio", "predicted_max_learning_rate"])
    assert theory_lines(trials, "learning_rate", "depth").empty
    lines = theory_lines(study(), "learning_rate", "weight_std")["line"]
    assert set(lines) == {"largest learning rate", "critical line"}
    with pytest.raises(AnalysisError, match="unknown hyperparameter"):
        theory_lines(study(), "learning_rate", "norm")
