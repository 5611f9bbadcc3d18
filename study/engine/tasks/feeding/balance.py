"""Class weights of a task whose data and loss are a person's own.

Axes: N examples, C labels.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from study.engine.tasks.data.class_weights import PARAMETER
from study.engine.tasks.data.held import Held
from study.engine.tasks.data.weighted import label_weights
from study.engine.tasks.error import TaskError
from study.engine.tasks.feeding.feed import Feed
from study.engine.tasks.task import Task

NEAR = 0.02
"""Share by which a loss by chance may differ from a cross-entropy's and still be one."""


def balanced_feed(task: Task, feed: Feed) -> Task:
    """Makes the same task with each example's loss weighted inversely to its label's frequency.

    Args:
        task: Stays as it is.
        feed: Its data and its loss, which must be one number an example.

    Raises:
        TaskError: If nobody said the labels, or what its loss would be by chance is not known.
    """
    labels_N = feed.labels
    if labels_N is None:
        raise TaskError(
            f"examples of task {task.name} have no label that is known; say batch_task(..., "
            "labels=...), a tensor (N,) of whole numbers",
            parameter=PARAMETER,
        )
    weights_C, lowest = label_weights(labels_N)
    weights_N = Held(weights_C[labels_N.long() - lowest])
    chance = _chance(task, feed, labels_N)
    changed = replace(feed, weights_N=weights_N, loss_chance=chance)
    return replace(task, feed=changed, loss_chance=chance)


def _chance(task: Task, feed: Feed, labels_N: Tensor) -> float:
    """The weighted loss of a network that knows nothing: of a cross-entropy over equal labels."""
    counts_C = labels_N.unique(return_counts=True)[1].double()
    entropy = float(torch.special.entr(counts_C / counts_C.sum()).sum())
    even = math.log(len(counts_C))
    # Some of a network's classes may have no example.
    classes = math.log(max(2, int(labels_N.max()) + 1))
    if any(abs(feed.loss_chance - each) <= NEAR * each for each in (entropy, even, classes)):
        return even
    raise TaskError(
        f"the loss by chance is known of a weighted cross-entropy only, but loss_chance of task "
        f"{task.name} is {feed.loss_chance:.4g}, where that of a cross-entropy would be "
        f"log(labels) = {even:.4g} or their entropy, {entropy:.4g}; weight examples in its loss",
        parameter=PARAMETER,
    )
