"""Losses and metrics of a trial's batch, classes or outputs on the first axis, (O, B)."""

from __future__ import annotations

import numpy as np
from numba import njit

from study.engine.fused.functions import exp

CROSS_ENTROPY, SQUARED_ERROR = 0, 1
"""Codes of losses: with the share of correct labels, and with the share of loss explained."""

_CONTRACT = {"fastmath": {"contract"}, "error_model": "numpy"}


@njit(**_CONTRACT)
def cross_entropy(outputs, labels, loss, metric, largest, total):
    """Losses in nats and whether the largest output is the label's; outputs become delta.

    Args:
        outputs: (O, B); then the gradients of the mean loss by them.
        labels: Of the examples, (B,).
        loss: Gets losses, (B,).
        metric: Gets 1 where the first largest output is the label's, else 0, (B,).
        largest: Scratch, (B,).
        total: Scratch, (B,).
    """
    classes, batch = outputs.shape
    one = outputs.dtype.type(1)
    share = one / outputs.dtype.type(batch)
    for b in range(batch):
        largest[b] = outputs[0, b]
        total[b] = 0
    for c in range(1, classes):
        for b in range(batch):
            largest[b] = outputs[c, b] if outputs[c, b] > largest[b] else largest[b]
    for b in range(batch):
        first = 0  # Of equals and of NaNs the first counts, as for torch.argmax.
        for c in range(1, classes):
            if outputs[first, b] == outputs[first, b] and not outputs[c, b] <= outputs[first, b]:
                first = c
        metric[b] = 1 if first == labels[b] else 0
        loss[b] = outputs[labels[b], b] - largest[b]
    for c in range(classes):
        for b in range(batch):
            e = exp(outputs[c, b] - largest[b])
            outputs[c, b] = e
            total[b] += e
    for b in range(batch):
        loss[b] = np.log(total[b]) - loss[b]
        total[b] = share / total[b]
    for c in range(classes):
        for b in range(batch):
            outputs[c, b] *= total[b]
    for b in range(batch):
        outputs[labels[b], b] -= share


@njit(**_CONTRACT)
def squared_error(outputs, targets, loss, metric, chance):
    """Squared errors and shares of the loss by chance that are gone; outputs become delta.

    Args:
        outputs: (O, B); then the gradients of the mean loss by them.
        targets: (O, B).
        loss: Gets the mean over an example's numbers, (B,).
        metric: Gets 1 - loss / chance, (B,).
        chance: Loss of the best constant prediction.
    """
    numbers, batch = outputs.shape
    one = outputs.dtype.type(1)
    share = one / outputs.dtype.type(numbers)
    slope = (one + one) * share / outputs.dtype.type(batch)
    for b in range(batch):
        loss[b] = 0
    for o in range(numbers):
        for b in range(batch):
            error = outputs[o, b] - targets[o, b]
            loss[b] += error * error
            outputs[o, b] = slope * error
    for b in range(batch):
        loss[b] *= share
        metric[b] = one - loss[b] / chance
