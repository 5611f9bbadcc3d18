from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis import AnalysisError
from analysis.space.cells import cells


def trials(values, entry=None, **others):
    frame = pd.DataFrame({"trial": range(len(values)), "h": values, **others})
    frame.attrs = {"hyperparameters": {"h": entry} if entry else {}}
    return frame


def test_names_keep_the_order_of_the_file_and_unobserved_ones_stay():
    entry = {"kind": "choice", "choices": ["tanh", "relu", "gelu"]}
    found = cells(trials(["relu", "tanh", "relu"], entry), "h")
    assert found.labels == ("tanh", "relu", "gelu")
    assert list(found.index) == [1, 0, 1]


def test_numbers_of_a_choice_are_cells_and_no_limit_is_called_none():
    entry = {"kind": "choice", "choices": ["none", 0.1, 1.0]}
    found = cells(trials([0.1, math.inf, 1.0], entry), "h")
    assert found.labels == ("none", "0.1", "1")
    assert list(found.index) == [1, 0, 2]


def test_where_a_hyperparameter_does_not_apply_there_is_no_cell():
    numbers = cells(trials([0.5, None, 0.9]), "h", bins=2)
    assert list(numbers.index) == [0, -1, 1]
    assert list(cells(trials(["a", None, "b"]), "h").index) == [0, -1, 1]


def test_a_value_that_the_file_does_not_list_gets_a_cell():
    found = cells(trials([2, 64], {"kind": "choice", "choices": [2, 4]}), "h")
    assert found.labels == ("2", "4", "64")


def test_a_log_range_has_equal_bins_in_the_logarithm_on_powers_of_ten():
    rates = 10 ** np.random.default_rng(0).uniform(-4, 1, 500)
    entry = {"kind": "range", "low": 1e-4, "high": 10.0, "log": True}
    found = cells(trials(rates, entry), "h")
    assert np.allclose(np.diff(np.log10(found.lows)), np.diff(np.log10(found.lows))[0])
    for decade in (1e-3, 1e-2, 1e-1, 1.0):
        assert np.isclose(found.lows, decade).any()
    for value, place in zip(rates, found.index, strict=True):
        assert found.lows[place] <= value <= found.highs[place]


def test_the_ends_of_a_range_belong_to_the_outer_bins():
    entry = {"kind": "range", "low": 0.0, "high": 1.0, "log": False}
    found = cells(trials([0.0, 0.3, 0.5, 1.0], entry), "h", bins=2)
    assert list(found.index) == [0, 0, 1, 1]
    assert found.labels == ("0–0.5", "0.5–1")


def test_values_outside_the_stated_range_widen_it():
    entry = {"kind": "range", "low": 0.0, "high": 1.0, "log": False}
    found = cells(trials([0.2, 0.4, 3.0], entry), "h", bins=3)
    assert found.highs[-1] == 3.0 and (found.index >= 0).all()


def test_few_whole_numbers_are_cells_and_many_are_bins_of_whole_numbers():
    assert cells(trials([3, 1, 2]), "h").labels == ("1", "2", "3")
    many = cells(trials(list(range(1, 101))), "h", bins=4)
    covered = np.bincount(many.index)
    assert covered.sum() == 100 and len(many.labels) == 4
    assert many.labels[0].startswith("1–") and many.labels[-1].endswith("–100")


def test_a_range_with_unlimited_trials_has_a_last_cell_none():
    found = cells(trials([*np.linspace(0.01, 5, 40), math.inf]), "h")
    assert found.labels[-1] == "none" and found.index[-1] == len(found.labels) - 1


def test_labels_of_narrow_bins_stay_different():
    values = np.linspace(1.0001, 1.0009, 30)
    labels = cells(trials(values), "h").labels
    assert len(set(labels)) == len(labels)


def test_an_unknown_hyperparameter_names_the_choices():
    with pytest.raises(AnalysisError, match="unknown hyperparameter 'g'; known: h"):
        cells(trials([1, 2]), "g")
