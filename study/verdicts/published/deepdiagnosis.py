"""Symptoms and causes of DeepDiagnosis (Wardat, Cruz, Le and Rajan, ICSE 2022).

The original looks at the first batch at the end of every epoch, and stops at the first symptom;
here every recorded step counts, initialization included.
"""

from __future__ import annotations

import numpy as np

from study.verdicts.published.recorded import Recorded
from study.verdicts.published.rule import Fires
from study.verdicts.published.sagemaker import MEAN_OF_RMS
from study.verdicts.published.saturation import inputs_beyond

SOURCE = "DeepDiagnosis, ICSE 2022"

VANISHED = 1e-7
"""Mean absolute gradient."""

SATURATED_SHARE = 0.5
SATURATED_INPUTS = {"tanh": (-5.0, 5.0), "sigmoid": (-5.0, 5.0)}

SMALLEST_UPDATE, LARGEST_UPDATE = 1e-5, 1e-1
"""A hundredth and a hundred times 1e-3."""


def vanishing_gradient(records: Recorded) -> Fires:
    """Vanishing gradient: the mean absolute gradient of a layer's weight is below 1e-7.

    The same as SageMaker's, from the same rms taken for Gaussian.
    """
    mean = MEAN_OF_RMS * records.layers.values("weight_grad_rms")
    return records.layers.in_any(mean < VANISHED)


def saturated_activation(records: Recorded) -> Fires:
    """Saturated activation: more than half of the inputs of a tanh or sigmoid lie beyond +-5.

    Ours are inputs taken for Gaussian, see `inputs_beyond`; of sigmoid more than half must also
    lie beyond +-6, from where on it is measured as flat.
    """
    return records.layers.in_any(inputs_beyond(records, SATURATED_INPUTS, share=SATURATED_SHARE))


def learning_rate(records: Recorded) -> Fires:
    """Learning rate: rate * |g| / |w| of a layer's weight is outside of 1e-5 to 1e-1.

    Ours are rms values, whose ratio is that of the norms; the gradient is unclipped, and the rate
    is that of the step. It is the update of plain gradient descent, whatever the optimizer.
    In the original this is a cause, reported only where some symptom was found first.
    """
    layers = records.layers
    gradient, weight = layers.values("weight_grad_rms"), layers.values("weight_rms")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        update = _rates(records) * gradient / weight
    return layers.in_any((update < SMALLEST_UPDATE) | (update > LARGEST_UPDATE))


def _rates(records: Recorded) -> np.ndarray:
    """Returns the learning rate of each layer's recorded step, (n,); NaN if not at hand."""
    steps, layers = records.steps, records.layers
    if len(steps) == 0:
        return np.full(len(layers), np.nan)
    wanted = layers.moment[layers.starts]
    index = np.searchsorted(steps.moment, wanted).clip(max=len(steps) - 1)
    rates = np.where(steps.moment[index] == wanted, steps.values("learning_rate")[index], np.nan)
    return np.repeat(rates, layers.ends - layers.starts + 1)
