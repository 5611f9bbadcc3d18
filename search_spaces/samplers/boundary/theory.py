"""What mean-field theory says of a trial before it is trained, as numbers for a model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from search_spaces.catalogue import Value
from search_spaces.space import SearchSpace
from search_spaces.theory import Expectation, Inputs, predict
from search_spaces.theory.activations import activation_named
from search_spaces.theory.gaussian import gaussian_mean
from search_spaces.theory.predict import HEEDED, THEORIES

_SILENT = (0.0, 0.0, 0.0, 0.0, 1.0)
_FEATURES = 64
"""Features of an input: the task's own number is not known here; theory depends on it weakly."""
_LARGEST = 12.0

_ROUNDED = ("weight_std", "bias_std", "init_gain", "recurrent_gain", "residual_scale")


def theory_features(space: SearchSpace) -> Callable[[Mapping[str, Any]], Sequence[float]] | None:
    """Returns a function that computes the features of a trial from its values on a space's axes.

    The largest learning rate of gradient descent is 2 / sharpness. At initialization the
    sharpness grows as the sum over layers of the mean square of what a layer sees times that of
    its delta, which mean-field theory gives up to a factor that all trials share. So ln(rate) +
    ln(sharpness) - ln(2 (1 + m)) is ln of the learning rate over the limit of momentum m, and
    with - ln(1 - m) it is ln of the effective step rate / (1 - m).

    Args:
        space: What a study fixes and varies.

    Returns:
        A function of five features: ln R; ln of the mean factor from layer to layer, the inverse
        of the depth scale; the learning rate over the largest stable one, up to a constant, as a
        logarithm; the same with what momentum adds to the speed; 1 where theory says nothing.
        None for networks of which theory says nothing.

    References:
        Schoenholz et al., Deep Information Propagation, ICLR 2017; Karakida, Akaho and Amari,
        Universal statistics of Fisher information in deep neural networks, AISTATS 2019, eq. 13.
    """
    if space.network not in THEORIES:
        return None

    def features(params: Mapping[str, Any]) -> Sequence[float]:
        values = space.resolve(params)
        rate, momentum = values.get("learning_rate"), values.get("momentum", 0.0)
        inputs = _inputs(space.network, values)
        heeded = {name: values[name] for name in HEEDED if name in values}
        logs = _of_network(space.network, tuple({**heeded, **_rounded(heeded)}.items()), inputs)
        scaled_rates = values.get("parametrization", "standard") != "standard"
        if logs is None or scaled_rates or not isinstance(rate, float):
            return _SILENT
        assert isinstance(momentum, (int, float))
        log_ratio, log_factor, log_sharpness = logs
        scaled = math.log(rate) + log_sharpness
        return (
            # By a sixth: logarithms of -12 to 12 are then about as long as a range, which is 3.
            log_ratio / 6,
            log_factor,
            _clipped(scaled - math.log(2 * (1 + momentum))) / 6,
            _clipped(scaled - math.log(1 - momentum)) / 6,
            0.0,
        )

    return features


@lru_cache(maxsize=4096)
def _of_network(
    network: str, heeded: tuple[tuple[str, Value], ...], inputs: Inputs
) -> tuple[float, float, float] | None:
    """Returns ln R, the mean of ln of the factors, and ln of the sharpness up to a constant."""
    values = dict(heeded)
    expected = predict(network, values, inputs)
    if expected is None:
        return None
    logs = np.log(np.maximum(expected.factors, 1e-30))
    return (
        _clipped(math.log(max(expected.ratio, 1e-300))),
        _clipped(float(np.mean(logs)) if len(logs) else 0.0),
        _log_sharpness(str(values.get("activation", "tanh")), expected),
    )


def _log_sharpness(activation: str, expected: Expectation) -> float:
    """Returns ln of the sum over layers of E[x^2] E[delta^2], x being what a layer sees."""
    phi = activation_named(activation)

    def square(h: Any) -> Any:
        return phi.function(h) ** 2

    logs = np.log(np.maximum(expected.factors[::-1], 1e-30))
    # ln rms(delta_l) less that of the last layer: the sum of ln of the factors behind it.
    deltas = np.concatenate([np.cumsum(logs)[::-1], [0.0]])
    lengths = np.clip(expected.lengths, 1e-12, 1e12)
    inputs = [1.0, *(gaussian_mean(square, float(q), phi.kinks) for q in lengths[:-1])]
    if len(inputs) != len(deltas):  # The lengths of a residual network are those of its blocks.
        inputs = [1.0] * len(deltas)
    terms = 2 * deltas + np.log(np.maximum(inputs, 1e-30))
    return float(np.logaddexp.reduce(terms))


def _inputs(network: str, values: Mapping[str, Value]) -> Inputs:
    steps = values.get("sequence_length")
    if network == "rnn":
        return Inputs(shape=(steps if isinstance(steps, int) else 16, 2))
    return Inputs(shape=(_FEATURES,) if network == "mlp" else (1, 8, 8))


def _rounded(values: Mapping[str, Value]) -> dict[str, Value]:
    """Rounds continuous scales to 16 a factor of ten, so that theory is asked of few networks."""
    rounded: dict[str, Value] = {}
    for name in _ROUNDED:
        value = values.get(name)
        if isinstance(value, float) and value > 0:
            rounded[name] = float(f"{10 ** (round(16 * math.log10(value)) / 16):.6g}")
    return rounded


def _clipped(number: float) -> float:
    return min(max(number, -_LARGEST), _LARGEST) if math.isfinite(number) else _LARGEST
