from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from analysis import AnalysisError, Box, inside_box
from analysis.safe_regions.rounding import inward
from analysis.space.coordinates import coordinates

WHERE = {
    "depth": {"low": 4, "high": 16},
    "activation": ["tanh", "gelu"],
    "learning_rate": {"low": 0.001, "high": 0.03},
    "clip_norm": {"high": 1},
}


def test_a_box_reads_as_a_person_would_say_it():
    assert str(Box.from_dict(WHERE)) == (
        "depth 4–16, activation tanh or gelu, learning rate 0.001–0.03, clip norm at most 1"
    )
    assert str(Box.from_dict({"clip_norm": {"low": "none"}})) == "clip norm none"
    assert str(Box.from_dict({"clip_norm": {"low": 1}})) == "clip norm at least 1"
    assert str(Box.from_dict({"depth": {"low": 8, "high": 8}})) == "depth 8"
    assert str(Box(conditions=())) == "everything that was searched"


@pytest.mark.parametrize("where", [WHERE, {"clip_norm": {"low": "none"}}, {"a": ["x"]}])
def test_json_there_and_back(where):
    box = Box.from_dict(where)
    assert json.loads(box.to_json()) == where
    assert Box.from_dict(json.loads(box.to_json())) == box


def test_inside_is_what_the_words_say():
    trials = pd.DataFrame(
        {
            "depth": [4, 16, 32, 8, 8],
            "activation": ["tanh", "gelu", "tanh", "relu", "tanh"],
            "learning_rate": [0.001, 0.03, 0.01, 0.01, 0.0301],
            "clip_norm": [0.1, 1.0, 1.0, 1.0, np.inf],
            "verdict": "stable",
        }
    )
    assert inside_box(trials, WHERE).tolist() == [True, True, False, False, False]
    assert inside_box(trials, {"clip_norm": {"low": "none"}}).tolist() == [False] * 4 + [True]
    assert inside_box(trials, {"clip_norm": {"low": 1}}).tolist() == [False] + [True] * 4


def test_unknown_hyperparameters_and_malformed_conditions_are_refused():
    trials = pd.DataFrame({"depth": [1, 2], "verdict": "stable"})
    with pytest.raises(AnalysisError, match="unknown hyperparameter 'deepth'; known: depth"):
        inside_box(trials, {"deepth": {"low": 1}})
    with pytest.raises(AnalysisError, match="depth has 3"):
        inside_box(trials, {"depth": 3})


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("log", [True, False])
def test_rounding_never_moves_an_edge_outward(seed, log):
    rng = np.random.default_rng(seed)
    values = 10 ** rng.uniform(-6, 2, 500) if log else rng.uniform(-3, 7, 500)
    trials = pd.DataFrame({"x": values, "verdict": "stable"})
    trials.attrs["hyperparameters"] = {"x": {"kind": "range", "log": log}}
    (coordinate,) = coordinates(trials)
    for _ in range(50):
        low, high = np.sort(rng.choice(values, 2, replace=False))
        first, last = inward(low, high, coordinate)
        assert low <= first <= last <= high
        held = ((values >= first) & (values <= last)).sum()
        assert held >= 0.9 * ((values >= low) & (values <= high)).sum()
    assert inward(-math.inf, math.inf, coordinate) == (-math.inf, math.inf)
