from __future__ import annotations

import math

import pytest
from scipy.stats import kstest

from search_spaces.errors import InputError
from search_spaces.samplers.box import BoxDesign
from search_spaces.space import build_space

SPACE = build_space(
    {
        "depth": [2, 4, 8, 16, 32],
        "activation": ["relu", "tanh", "gelu"],
        "learning_rate": {"low": 1e-4, "high": 10.0, "log": True},
        "width": {"low": 16, "high": 128, "step": 16},
        "clip_norm": ["none", 0.1, 1.0, 10.0],
        "optimizer": ["sgd", "adam"],
        "momentum": {"low": 0.0, "high": 0.9},
        "batch_size": 32,
    },
    network="mlp",
    task="digits",
)
WHERE = {
    "depth": {"low": 4, "high": 16},
    "activation": ["tanh", "gelu"],
    "learning_rate": {"low": 1e-3, "high": 3e-2},
    "width": {"low": 30, "high": 100},
    "clip_norm": {"high": 1},
    "momentum": {"high": 0.5},
    "batch_size": {"low": 16},
}


def test_configurations_fill_the_box_and_nothing_else():
    design = BoxDesign(space=SPACE, where=WHERE, seed=3)
    found = [design.configuration(number) for number in range(600)]
    assert {one["depth"] for one in found} == {4, 8, 16}
    assert {one["activation"] for one in found} == {"tanh", "gelu"}
    assert {one["width"] for one in found} == {32, 48, 64, 80, 96}
    assert {one["clip_norm"] for one in found} == {0.1, 1.0}
    assert {one["batch_size"] for one in found} == {32}
    sgd = [one for one in found if one["optimizer"] == "sgd"]
    assert 200 < len(sgd) < 400 and max(one["momentum"] for one in sgd) <= 0.5
    assert all("momentum" not in one for one in found if one["optimizer"] == "adam")
    rates = [math.log(one["learning_rate"]) for one in found]
    low, high = math.log(1e-3), math.log(3e-2)
    assert kstest(rates, "uniform", args=(low, high - low)).pvalue > 0.001


def test_a_configuration_is_a_function_of_its_number():
    one, other = (BoxDesign(space=SPACE, where=WHERE, seed=3) for _ in range(2))
    other.configuration(8)
    assert one.configuration(7) == other.configuration(7) != one.configuration(8)


def test_a_limit_that_must_be_off():
    design = BoxDesign(space=SPACE, where={"clip_norm": {"low": "none"}}, seed=0)
    assert {design.configuration(number)["clip_norm"] for number in range(20)} == {"none"}


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ({"heads": {"low": 1}}, "heads: the box has a condition on it"),
        ({"batch_size": {"high": 16}}, "batch_size: the box excludes 32"),
        ({"width": {"low": 33, "high": 40}}, "width: nothing of its axis"),
        ({"learning_rate": {"low": 20.0}}, "learning_rate: nothing of its axis"),
        ({"activation": ["selu"]}, "activation: nothing of its axis"),
    ],
)
def test_a_box_that_does_not_fit_is_refused(where, says):
    with pytest.raises(InputError, match=says):
        BoxDesign(space=SPACE, where=where, seed=0)
