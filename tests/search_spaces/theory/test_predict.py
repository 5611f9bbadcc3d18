"""What theory expects of networks at initialization, against real ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

from search_spaces.catalogue.architecture import ACTIVATIONS
from search_spaces.catalogue.initialization import INITIALIZATIONS
from search_spaces.theory import Inputs, predict
from study.engine import TASKS
from study.engine.built_in import BUILT_IN_NETWORKS
from study.worker.theory_columns import inputs_of
from tests.search_spaces.theory.real_networks import gaussian_task, measured, small_digits

DEEP = {"width": 256, "depth": 30}
OFTEN = ("torch_default", "he_normal", "orthogonal", "mean_field")
"""Initializations that the fast tests look at."""

TASK = gaussian_task(256)
INPUTS = inputs_of(TASK)


def agree(network, task, hyperparameters, *, factor=2.0, seeds=3):
    """R of theory and the median of real networks differ by less than `factor`."""
    expected = predict(network, hyperparameters, inputs_of(task))
    real = measured(network, task, hyperparameters, seeds=seeds)
    # At finite width ln R is about normal: its mean is heavy-tailed, its median is not.
    found = float(np.median(real.ratio_K))
    assert 1 / factor < expected.ratio / found < factor, (expected.ratio, found)
    if expected.saturated_share is not None:
        assert np.median(real.saturated_K) == pytest.approx(
            expected.saturated_share, rel=0.25, abs=0.02
        )
    return expected, real


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
@pytest.mark.parametrize(
    "initialization",
    [
        pytest.param(name, marks=() if name in OFTEN else pytest.mark.slow)
        for name in INITIALIZATIONS
    ],
)
def test_plain_networks_of_every_initialization(activation, initialization):
    hyperparameters = {**DEEP, "activation": activation, "initialization": initialization}
    if initialization == "mean_field":
        hyperparameters |= {"weight_std": 1.0, "bias_std": math.sqrt(0.05)}
    expected, real = agree("mlp", TASK, hyperparameters)
    factors = np.median(real.factors_KxL, axis=0)
    assert np.abs(np.log(factors / np.array(expected.factors))).max() < math.log(1.15)
    assert np.median(real.lengths_KxL, axis=0) == pytest.approx(expected.lengths, rel=0.5)
    log_errors = np.log(real.ratio_K / expected.ratio)
    assert np.abs(log_errors).max() < 4 * expected.log_std


def test_the_numbers_of_the_literature():
    """Weight variances 2, 1, 1/3 of a bias-free relu network, and tanh at (1, 0.05)."""
    for variance, ratio in [(2.0, 1.0), (1.0, 2**-14.5), (1 / 3, 6**-14.5)]:
        found = predict(
            "mlp",
            {**DEEP, "activation": "relu", "initialization": "mean_field"}
            | {"weight_std": math.sqrt(variance)},
            INPUTS,
        )
        assert found.ratio == pytest.approx(ratio, rel=1e-5)
    assert pytest.approx((4.3e-5, 5.2e-12), rel=0.01) == (2**-14.5, 6**-14.5)
    # At the fixed point from the first layer on: q* = 0.265 for inputs of that mean square less
    # the bias, so that nothing is left but chi_1 = 0.759032.
    q = 0.05
    for _ in range(200):
        z = np.arange(-10, 10, 0.001)
        density = np.exp(-z * z / 2) * 0.001 / math.sqrt(2 * math.pi)
        q = np.sum(density * np.tanh(math.sqrt(q) * z) ** 2) + 0.05
    found = predict(
        "mlp",
        {**DEEP, "activation": "tanh", "initialization": "mean_field", "bias_std": 0.05**0.5},
        Inputs(shape=(256,), mean_square=q - 0.05),
    )
    assert found.ratio == pytest.approx(0.759032**14.5, rel=1e-5)
    assert found.ratio == pytest.approx(1.84e-2, rel=0.005)


@pytest.mark.slow
def test_why_the_gradient_of_weights_is_blind():
    """Without biases <W_l, dL/dW_l> is the same in every layer, whatever the weight variance.

    So the weight gradient of the first layer over that of the last says nothing of gradients that
    vanish by eleven orders of magnitude; delta does. One example a batch: among several, inputs
    that differ more at the first layer than at the last make that ratio smaller.
    """
    of_weights = []
    for variance, delta_ratio in [(2.0, 1.0), (1.0, 4.3e-5), (1 / 3, 5.2e-12)]:
        hyperparameters = {
            **DEEP,
            "activation": "relu",
            "initialization": "mean_field",
            "weight_std": math.sqrt(variance),
            "batch_size": 1,
        }
        real = measured("mlp", TASK, hyperparameters, seeds=5)
        weight_KxL = real.record.by_layer["weight_grad_rms"][:, 0]
        of_weights.append(np.median(weight_KxL[:, 0] / weight_KxL[:, 29]))
        assert 0.5 < np.median(real.ratio_K) / delta_ratio < 2
    assert of_weights == pytest.approx([of_weights[0]] * 3, rel=0.05)
    assert of_weights[0] == pytest.approx(0.93, rel=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_plain_networks_of_every_activation(activation):
    hyperparameters = {**DEEP, "activation": activation, "initialization": "lecun_normal"}
    agree("mlp", TASK, hyperparameters)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("activation", "variance", "depth", "said"),
    [
        ("silu", 2.0, 24, True),
        ("silu", 2.4, 12, True),
        ("silu", 2.4, 24, False),
        ("silu", 2.8, 24, True),
        ("gelu", 2.0, 24, False),
        ("gelu", 2.4, 24, True),
        ("mish", 2.0, 24, True),
        ("softplus", 2.0, 24, True),
        ("elu", 2.0, 24, True),
    ],
)
def test_near_a_point_that_lengths_run_away_from(activation, variance, depth, said):
    """Some examples' lengths grow there and others' shrink: at a variance of 2.4 silu has an R of
    8, where a network whose examples had all one length would have 0.6, at any width.
    """
    hyperparameters = {"width": 256, "depth": depth, "activation": activation}
    hyperparameters |= {"initialization": "mean_field", "weight_std": math.sqrt(variance)}
    if said:
        agree("mlp", TASK, hyperparameters, factor=2.5, seeds=5)
    else:
        assert predict("mlp", hyperparameters, INPUTS) is None


@pytest.mark.parametrize("normalization", [pytest.param("layer", marks=pytest.mark.slow), "batch"])
@pytest.mark.parametrize(
    "activation",
    ["relu", *(pytest.param(name, marks=pytest.mark.slow) for name in ("tanh", "sigmoid"))],
)
def test_normalized_networks(normalization, activation):
    agree(
        "mlp",
        TASK,
        {**DEEP, "activation": activation, "normalization": normalization},
    )


@pytest.mark.parametrize("batch", [8, 16, 64])
def test_batches_of_linear_networks_make_gradients_grow_as_yang_says(batch):
    """Squared by (B - 2) / (B - 3) a layer, but for the first, whose inputs are whitened."""
    hyperparameters = {
        "width": 256,
        "depth": 8,
        "activation": "identity",
        "normalization": "batch",
        "batch_size": batch,
    }
    expected, _ = agree("mlp", gaussian_task(256), hyperparameters, factor=1.25, seeds=5)
    assert expected.factors[3] == pytest.approx(math.sqrt((batch - 2) / (batch - 3)), rel=1e-4)


def test_batch_normalized_relu_networks_grow_by_pi_over_pi_minus_1():
    found = predict("mlp", {**DEEP, "normalization": "batch", "batch_size": 10**6}, INPUTS)
    assert found.factors[-1] ** 2 == pytest.approx(math.pi / (math.pi - 1), rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("activation", "normalization"),
    [
        ("tanh", "none"),
        ("sigmoid", "none"),
        ("relu", "layer"),
        ("tanh", "batch"),
        ("relu", "batch"),
    ],
)
@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_residual_networks(activation, normalization, scale):
    hyperparameters = {
        **DEEP,
        "activation": activation,
        "connections": "residual",
        "normalization": normalization,
        "initialization": "he_normal",
        "residual_scale": scale,
    }
    agree("mlp", TASK, hyperparameters, factor=1.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("activation", "initialization", "depth"),
    [("relu", "he_normal", 9), ("relu", "torch_default", 11), ("elu", "torch_default", 16)],
)
def test_residual_networks_before_their_mean_rules(activation, initialization, depth):
    hyperparameters = {
        "width": 256,
        "depth": depth,
        "activation": activation,
        "connections": "residual",
        "initialization": initialization,
    }
    agree("mlp", TASK, hyperparameters, factor=1.5)


@pytest.mark.slow
def test_residual_networks_whose_weights_depend_on_their_gradients_are_left_alone():
    """Theory has 2^14.5 = 23,000 here; networks of 256 units have 400,000 to 1,100,000."""
    hyperparameters = {
        **DEEP,
        "activation": "relu",
        "connections": "residual",
        "initialization": "he_normal",
    }
    assert predict("mlp", hyperparameters, INPUTS) is None
    real = measured("mlp", TASK, hyperparameters)
    assert np.median(real.ratio_K) > 5 * 2**14.5


@pytest.mark.slow
@pytest.mark.parametrize("normalization", ["none", "layer", "batch"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("initialization", ["torch_default", "he_normal", "delta_orthogonal"])
@pytest.mark.parametrize(("sides", "depth"), [(8, 16), (28, 5)])
def test_convolutions_with_their_borders(normalization, activation, initialization, sides, depth):
    task = small_digits() if sides == 8 else gaussian_task(3, sides, sides, examples=64)
    hyperparameters = {
        "batch_size": 32 if sides == 8 else 8,
        "width": 32,
        "depth": depth,
        "activation": activation,
        "normalization": normalization,
        "initialization": initialization,
    }
    if normalization != "none" and initialization == "delta_orthogonal":
        assert predict("cnn", hyperparameters, inputs_of(task)) is None
        return
    agree("cnn", task, hyperparameters)


@pytest.mark.slow
@pytest.mark.parametrize("normalization", ["none", "batch"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize(
    "changes",
    [{}, {"residual_initialization": "zero_last"}, {"residual_scale": 0.3}, {"depth": 6}],
)
@pytest.mark.parametrize("sides", [8, 28])
def test_residual_blocks(normalization, activation, changes, sides):
    task = small_digits() if sides == 8 else gaussian_task(1, sides, sides, examples=64)
    hyperparameters = {
        "batch_size": 32 if sides == 8 else 8,
        "width": 16,
        "depth": 3,
        "activation": activation,
        "normalization": normalization,
        "initialization": "he_normal",
        **changes,
    }
    agree("resnet", task, hyperparameters)


@pytest.mark.parametrize(
    ("task", "steps"),
    [
        pytest.param("adding", 32, marks=pytest.mark.slow),
        ("temporal_order", 32),
        pytest.param("temporal_order", 100, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"activation": "relu", "recurrent_initialization": "same", "initialization": "he_normal"},
        {"recurrent_gain": 0.8, "initialization": "xavier_normal"},
        {"depth": 2},
    ],
)
def test_gradients_through_time(task, steps, changes):
    """Weights are the same at each time step, so their deviations add up over time, not average.

    What agrees is the factor of a time step, to 5 %.
    """
    hyperparameters = {"width": 128, "batch_size": 16, **changes}
    kind = TASKS[task](sequence_length=steps)
    expected = predict("rnn", hyperparameters, inputs_of(kind))
    real = measured("rnn", kind, hyperparameters)
    recurrent = [n for n, layer in enumerate(real.record.layers) if layer.calls > 1]
    by_layer = {name: of[:, 0] for name, of in real.record.by_layer.items()}
    first = by_layer["delta_rms_first_call"][:, recurrent[0]]
    last = by_layer["delta_rms_last_call"][:, recurrent[-1]]
    error = math.log(expected.ratio / np.median(first / last))
    assert abs(error) / (steps - 1) < math.log(1.05)
    assert len(expected.factors) == steps - 1


def test_one_hidden_layer_is_its_own_last():
    assert predict("mlp", {"depth": 1}, INPUTS).ratio == 1
    assert predict("mlp", {"depth": 1}, INPUTS).factors == ()


@pytest.mark.parametrize(
    ("network", "hyperparameters"),
    [
        ("mlp", {"connections": "dense"}),
        ("mlp", {"normalization": "group"}),
        ("mlp", {"normalization": "batch", "batch_size": 4}),
        ("mlp", {"initialization": "of_my_own"}),
        ("mlp", {"connections": "residual", "residual_scale": 0.0}),
        ("cnn", {"normalization": "group"}),
        ("resnet", {"normalization": "layer"}),
        ("resnet", {"residual_initialization": "fixup"}),
        ("rnn", {"normalization": "layer"}),
        ("rnn", {"recurrent_initialization": "identity"}),
        *(
            (name, {})
            for name in (
                "lstm",
                "gru",
                "seq2seq",
                "transformer",
                "encoder_decoder",
                "densenet",
                "unet",
                "vae",
                "linear",
            )
        ),
        ("my.module:network", {"depth": 3, "width": 8}),
    ],
)
def test_where_theory_is_silent(network, hyperparameters):
    assert predict(network, hyperparameters, Inputs(shape=(1, 8, 8))) is None


def test_losses_at_each_time_step_are_no_single_path():
    inputs = Inputs(shape=(32,), tokens=True, answer_at_end=False)
    assert predict("rnn", {}, inputs) is None
    assert predict("rnn", {}, Inputs(shape=(32,), tokens=True)) is not None


def test_images_are_needed_by_networks_of_images():
    for network in ("cnn", "resnet"):
        assert predict(network, {}, Inputs(shape=(64,))) is None
        assert predict(network, {}, Inputs(shape=(1, 8, 8))) is not None


@pytest.mark.parametrize("network", BUILT_IN_NETWORKS)
@pytest.mark.parametrize("gain", [1e-3, 1e3])
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
def test_figures_are_finite_whatever_the_gain(network, gain, activation):
    hyperparameters = {"depth": 70, "init_gain": gain, "activation": activation}
    found = predict(network, hyperparameters, Inputs(shape=(1, 8, 8)))
    if found is not None:
        assert 0 <= found.ratio <= 1.1e304
        assert np.isfinite(found.factors).all()
        assert found.saturated_share is None or 0 <= found.saturated_share <= 1


def test_the_same_question_is_answered_once():
    hyperparameters = {**DEEP, "activation": "gelu", "init_gain": 1.234}
    first = predict("mlp", {**hyperparameters, "learning_rate": 0.1}, INPUTS)
    assert predict("mlp", {**hyperparameters, "learning_rate": 0.2}, INPUTS) is first
    assert predict("mlp", {**hyperparameters, "init_gain": 1.3}, INPUTS) != first
