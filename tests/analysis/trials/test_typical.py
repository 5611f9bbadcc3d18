from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import typical_trials


def test_it_is_the_medoid_by_brute_force():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "trial": np.arange(60),
            "verdict": rng.choice(["stable", "vanishing"], 60),
            "loss_final": 10 ** rng.normal(0, 2, 60),
            "clipped_fraction": rng.random(60),
        }
    )
    features = np.stack([np.log10(frame["loss_final"]), frame["clipped_fraction"]], axis=1)
    quartiles = np.percentile(features, [25, 75], axis=0)
    features = features / (quartiles[1] - quartiles[0])
    chosen = typical_trials(frame).set_index("verdict")["trial"]
    for verdict in ("stable", "vanishing"):
        rows = np.flatnonzero(frame["verdict"] == verdict)
        distances = np.abs(features[rows, None] - features[None, rows]).sum(axis=(1, 2))
        assert chosen[verdict] == rows[distances.argmin()]


def test_verdicts_come_in_their_order_and_absent_ones_are_left_out(digits):
    some = digits.trials[digits.trials["verdict"] != "vanishing"]
    assert list(typical_trials(some)["verdict"]) == [
        "stable",
        "exploding",
        "oscillating",
        "stalled",
    ]


def test_the_choice_does_not_depend_on_the_order_of_rows(digits):
    shuffled = digits.trials.sample(frac=1, random_state=4)
    assert list(typical_trials(digits.trials)["trial"]) == list(typical_trials(shuffled)["trial"])


def test_infinite_and_missing_figures_are_no_obstacle():
    frame = pd.DataFrame(
        {
            "trial": [0, 1, 2],
            "verdict": "exploding",
            "loss_final": [np.inf, np.inf, np.inf],
            "grad_norm_max": [np.nan, np.inf, 3.0],
        }
    )
    assert len(typical_trials(frame)) == 1
