"""What theory tells the model of a trial, against formulas that are known."""

from __future__ import annotations

import math

import pytest

from search_spaces import build_space
from search_spaces.samplers.boundary.candidates import candidates
from search_spaces.samplers.boundary.theory import theory_features
from search_spaces.theory.predict import THEORIES

NAMES = ("log_ratio", "log_factor", "log_scaled_learning_rate", "log_scaled_speed", "silent")


def told(**values: object) -> dict[str, float]:
    space = build_space(
        {"depth": [2, 31], "learning_rate": {"low": 1e-4, "high": 10.0, "log": True}, **values},
        network="mlp",
        task="digits",
    )
    features = theory_features(space)
    assert features is not None
    return dict(zip(NAMES, features({"depth": 31, "learning_rate": 0.1}), strict=True))


def test_relu_shrinks_the_gradient_by_half_of_the_weights_variance() -> None:
    """Poole et al. 2016: its mean square changes by s^2 / 2 from layer to layer."""
    found = told(activation="relu", initialization="mean_field", weight_std=1.0, bias_std=0.0)
    assert found["log_factor"] == pytest.approx(math.log(0.5) / 2, rel=1e-6)
    # Over 30 such steps, in units of 6.
    assert found["log_ratio"] == pytest.approx(30 * math.log(0.5) / 2 / 6, rel=1e-6)
    assert found["silent"] == 0


def test_a_network_without_a_theory_has_no_features() -> None:
    space = build_space({"learning_rate": [0.1, 1.0]}, network="lstm", task="adding")
    assert theory_features(space) is None


SPACES = {
    "mlp": {"depth": [2, 16], "connections": ["none", "residual"], "activation": ["relu", "tanh"]},
    "cnn": {"depth": [2, 8], "activation": ["relu", "tanh", "sigmoid"]},
    "resnet": {"depth": [2, 9], "normalization": ["none", "batch"]},
    "rnn": {"activation": ["relu", "tanh"], "recurrent_gain": {"low": 0.5, "high": 2.0}},
}


@pytest.mark.parametrize("network", THEORIES)
def test_every_network_with_a_theory_has_finite_features(network: str) -> None:
    settings = SPACES[network] | {
        "learning_rate": {"low": 1e-4, "high": 10.0, "log": True},
        "momentum": {"low": 0.0, "high": 0.98},
    }
    space = build_space(settings, network=network, task="adding" if network == "rnn" else "digits")
    features = theory_features(space)
    assert features is not None
    found = [
        features(one)
        for one in candidates(space.axes, count=64, seed=[1], applying=space.applying)
    ]
    assert all(len(one) == len(NAMES) and all(map(math.isfinite, one)) for one in found)
    assert any(one[NAMES.index("silent")] == 0 for one in found), "theory speaks of some"
    # Both of what theory says of the network, and of the learning rate, differ between trials.
    assert all(len({one[place] for one in found}) > 1 for place in (0, 2))
