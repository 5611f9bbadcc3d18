"""The built-in rules of Amazon SageMaker Debugger for gradients, activations, updates and losses.

Defaults are those of its developer guide (docs.aws.amazon.com/sagemaker, Debugger built-in rules).
The rules run while a training does, on the tensors of every saved step: one that fires at any
step has fired.
"""

from __future__ import annotations

import math

import numpy as np

from study.verdicts.published.recorded import Recorded
from study.verdicts.published.rule import Fires
from study.verdicts.published.saturation import inputs_beyond

SOURCE = "Amazon SageMaker Debugger"

VANISHED = 1e-7
"""VanishingGradient, `threshold`."""

SMALLEST_FALL = 0.001
"""LossNotDecreasing, `diff_percent` = 0.1."""

STEPS_BETWEEN = 10
"""LossNotDecreasing, `num_steps`."""

DEAD_SHARE = 0.5
"""DeadRelu, `threshold_layer` = 50."""

SATURATED_SHARE = 0.5
"""SaturatedActivation, `threshold_layer` = 50."""

SATURATED_INPUTS = {"tanh": (-9.4999, 9.4999), "sigmoid": (-23.0, 16.99999)}
"""SaturatedActivation, `threshold_tanh` and `threshold_sigmoid`."""

SMALLEST_UPDATE, LARGEST_UPDATE = 1e-8, 10.0
"""WeightUpdateRatio, `small_threshold` and `large_threshold`."""

MEAN_OF_RMS = math.sqrt(2 / math.pi)
"""Mean absolute value over rms of a Gaussian: 0.80."""


def vanishing_gradient(records: Recorded) -> Fires:
    """VanishingGradient: the mean absolute gradient of a tensor is below 1e-7.

    Ours is the rms of the gradient of a layer's weight, taken for Gaussian. Real gradients have
    heavier tails, so their mean is smaller than assumed. Biases are not looked at.
    """
    mean = MEAN_OF_RMS * records.layers.values("weight_grad_rms")
    return records.layers.in_any(mean < VANISHED)


def exploding_tensor(records: Recorded) -> Fires:
    """ExplodingTensor: some tensor has a NaN or an infinity.

    Ours are losses, gradients and parameters of every step (`failure_step`), and activations and
    gradients of the recorded ones (`nonfinite_count`).
    """
    in_layers = records.layers.in_any(records.layers.values("nonfinite_count") > 0)
    return ~np.isnan(records.figure("failure_step")) | in_layers


def loss_not_decreasing(records: Recorded) -> Fires:
    """LossNotDecreasing: over at least 10 steps the loss fell by less than 0.1 %, or it rose.

    Each recorded step is held against the latest recorded one that lies at least 10 steps
    before it, as the original does with saved steps. Recorded steps are log-spaced: 13, 21, 34,
    and so on against 3, 8, 21. As there, losses are of one batch each.
    """
    steps = records.steps
    loss = steps.values("loss")
    before = np.searchsorted(steps.moment, steps.moment - STEPS_BETWEEN, side="right") - 1
    there = before.clip(min=0)
    has_one = (before >= 0) & (steps.owner[there] == steps.owner)
    with np.errstate(invalid="ignore"):
        fall = loss[there] - loss
    return steps.in_any(has_one & (fall < SMALLEST_FALL * np.abs(loss[there])))


def dead_relu(records: Recorded) -> Fires:
    """DeadRelu: more than half of the ReLUs of a layer are active on less than 1 % of inputs.

    Ours are units that are zero on the whole batch: the same for batches up to 100 examples.
    Where the activation is not a hyperparameter, a layer counts whose saturation has no measure,
    as is so for ReLU.
    """
    layers = records.layers
    may_be = records.is_null("activation")[layers.owner] & np.isnan(
        layers.values("saturated_fraction")
    )
    is_relu = records.has_name("activation", "relu")[layers.owner] | may_be
    return layers.in_any(is_relu & (layers.values("dead_fraction") > DEAD_SHARE))


def saturated_activation(records: Recorded) -> Fires:
    """SaturatedActivation: more than half of a layer's tanh inputs lie beyond +-9.4999, or of
    its sigmoid inputs beyond -23 or 17.

    Ours are inputs taken for Gaussian, see `inputs_beyond`. The original counts units that are
    beyond on 99 % of the inputs, ours counts inputs of all units together.
    """
    beyond = inputs_beyond(records, SATURATED_INPUTS, share=SATURATED_SHARE)
    return records.layers.in_any(beyond)


def weight_update_ratio(records: Recorded) -> Fires:
    """WeightUpdateRatio: a weight's update over the weight itself is above 10 or below 1e-8.

    Ours are the norms of the update and the weight of a layer at recorded steps, of consecutive
    steps as the original asks for. A weight of zeros that stays so has no ratio here; there a
    small constant in the denominator makes it 0, which fires.
    """
    ratio = records.layers.values("update_ratio")
    return records.layers.in_any((ratio > LARGEST_UPDATE) | (ratio < SMALLEST_UPDATE))
