"""The five symptoms of AutoTrainer (Zhang, Zhai, Ma and Shen, ICSE 2021).

A symptom counts only where training fails: where the best accuracy so far is below 60 %. The
original looks at a training every third epoch; here recorded steps stand for epochs, and the
figures of a batch for those of an epoch. For a metric that is no accuracy, the share of the way
from chance to the task's ceiling stands for accuracy; of a metric whose ceiling is 1 and whose
chance is not below 0, the metric itself.
"""

from __future__ import annotations

import numpy as np

from study.verdicts.published.recorded import Floats, Integers, Recorded
from study.verdicts.published.rule import Fires
from study.verdicts.published.sagemaker import exploding_tensor

SOURCE = "AutoTrainer, ICSE 2021"

SATISFYING_ACCURACY = 0.6
"""Theta."""

VANISHING_RATIO, VANISHING_NORM = 1e-3, 1e-4
"""beta_1 and beta_2."""

EXPLODING_RATIO = 70.0
"""beta_3."""

ZERO_SHARE = 0.7
"""gamma."""

SWING, SWINGING_SHARE = 0.03, 0.2
"""zeta and eta."""

SMALLEST_GAIN = 0.01
"""delta."""

BATCH_NOISE = 3.0
"""Ours: standard deviations of the difference of two batches' accuracies that are no swing."""


def vanishing_gradient(records: Recorded) -> Fires:
    """Gradient vanish: |g_1| / |g_L| < 1e-3 and |g_1| < 1e-4, norms of the kernels' gradients.

    Ours are the norms of the weights' gradients of the first layer and of the output, of one
    batch, unclipped. In a ReLU network without biases their ratio hardly falls with depth,
    whatever becomes of the gradient by the pre-activations.
    """
    first, last, owner = _ends(records)
    vanished = (_ratio(first, last) < VANISHING_RATIO) & (first < VANISHING_NORM)
    return records.layers.trials_of(owner[vanished]) & _fails(records)


def exploding_gradient(records: Recorded) -> Fires:
    """Gradient explode: |g_1| / |g_L| > 70, norms as above, or a loss, gradient or weight that is
    not finite, for which it does not matter what accuracy was reached before."""
    first, last, owner = _ends(records)
    large = records.layers.trials_of(owner[_ratio(first, last) > EXPLODING_RATIO])
    return (large & _fails(records)) | exploding_tensor(records)


def dying_relu(records: Recorded) -> Fires:
    """Dying ReLU: at least 70 % of the numbers in all gradients are exactly zero.

    Ours are the weights' gradients. One of a dead unit is zero, and so is one by a dead unit's
    output: the share in layer l is 1 - (1 - dead_l) (1 - dead_{l-1}), with shares of units that
    are zero on the whole batch, or 1 where the whole gradient is zero. This holds where a layer
    sees the one before it; with residual or dense connections it is too high. As in the original
    the activation does not matter: gradients that underflow count too.
    """
    layers = records.layers
    alive = 1 - np.nan_to_num(layers.values("dead_fraction"), nan=0.0)
    before = np.concatenate(([1.0], alive[:-1]))
    before[layers.starts] = 1.0
    zero = np.where(layers.values("weight_grad_rms") == 0, 1.0, 1 - alive * before)
    count = layers.values("weight_count")
    if len(layers.starts) == 0:
        return np.zeros(layers.trials, dtype=bool)
    share = np.add.reduceat(zero * count, layers.starts) / np.add.reduceat(count, layers.starts)
    return layers.trials_of(layers.owner[layers.starts[share >= ZERO_SHARE]]) & _fails(records)


def oscillating_loss(records: Recorded) -> Fires:
    """Oscillating loss: accuracy falls from a maximum by 0.03 or more in at least 20 % of epochs.

    Ours are the recorded steps at which the batch's accuracy is a maximum, and falls by so much
    to the next. An epoch's accuracy has hardly any noise, a batch's has: a fall must also exceed
    3 standard deviations of the difference of two batches, where the batch size is known.
    """
    steps = records.steps
    accuracy = _accuracy(records, steps.values("metric"), steps.owner)
    with np.errstate(invalid="ignore"):  # Infinite metrics, which are no swing.
        change = np.diff(accuracy, prepend=np.nan)
    change[steps.owner != np.roll(steps.owner, 1)] = np.nan
    to_next = np.append(change, np.nan)[1:]
    with np.errstate(invalid="ignore"):
        middle = np.clip(accuracy + to_next / 2, 0.0, 1.0)
    deviation = np.sqrt(2 * middle * (1 - middle) / records.figure("batch_size")[steps.owner])
    limit = np.fmax(SWING, BATCH_NOISE * deviation)
    falls = (change >= 0) & (-to_next >= limit)
    swings = np.bincount(steps.owner[falls], minlength=steps.trials)
    enough = swings >= SWINGING_SHARE * np.maximum(_epochs(records), 1)
    return enough & _fails(records)


def slow_convergence(records: Recorded) -> Fires:
    """Slow convergence: no epoch brings the accuracy up by 0.01 or more.

    Of batches the noise alone brings more, so ours is what follows for the whole training: the
    best mean accuracy of 20 steps lies above chance by less than 0.01 for each recorded step
    after the first.
    """
    owner = np.arange(len(records.trials))
    best, chance = (
        _accuracy(records, records.figure(f"metric_{name}"), owner) for name in ("best", "chance")
    )
    gains = _epochs(records) - 1
    return (gains > 0) & (best - chance < SMALLEST_GAIN * gains) & _fails(records)


def _epochs(records: Recorded) -> Integers:
    """Recorded steps of each trial, (trials,)."""
    return np.bincount(records.steps.owner, minlength=records.steps.trials)


def _ends(records: Recorded) -> tuple[Floats, Floats, Integers]:
    """Norms of the gradients of the first and last weight, and the trial, by recorded step."""
    layers = records.layers
    norm = layers.values("weight_grad_rms") * np.sqrt(layers.values("weight_count"))
    return norm[layers.starts], norm[layers.ends], layers.owner[layers.starts]


def _ratio(first: Floats, last: Floats) -> Floats:
    """NaN where both are zero, as there."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return first / last


def _fails(records: Recorded) -> Fires:
    """Returns whether the accuracy was never satisfying; a metric that is NaN is not."""
    best = _accuracy(records, records.figure("metric_best"), np.arange(len(records.trials)))
    return ~(best >= SATISFYING_ACCURACY)


def _accuracy(records: Recorded, metric: Floats, owner: Integers) -> Floats:
    """Returns the metric of trials, (n,), as an accuracy; `owner` gives their indices."""
    chance, ceiling = (records.figure(f"metric_{name}") for name in ("chance", "ceiling"))
    is_accuracy = (ceiling == 1) & (chance >= 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        progress = (metric - chance[owner]) / (ceiling - chance)[owner]
    return np.where(is_accuracy[owner], metric, progress)
