"""Tasks of several inputs, of outputs that are no tensor, and of losses of a whole batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from study.engine.tasks.chance.levels import NAME
from study.engine.tasks.data.split import split
from study.engine.tasks.error import DataError
from study.engine.tasks.feeding.feed import LOSS, METRIC, Feed, Loss
from study.engine.tasks.feeding.loader import examples_of, is_dataset
from study.engine.tasks.task import HALF, Task


def batch_task(
    name: str,
    data: Any,
    *,
    loss: Loss | None = None,
    loss_chance: float | None = None,
    loss_best: float = 0.0,
    metric: Loss | None = None,
    metric_name: str | None = None,
    chance: float = 0.0,
    ceiling: float = 1.0,
    target: float | None = None,
    validation: float = 0.0,
    labels: Tensor | None = None,
) -> Task:
    """Makes a task of whatever a network takes and returns.

    Args:
        name: For messages.
        data: `(inputs, targets)`, or a mapping or dataclass that is both, or a Dataset or
            DataLoader of either. Inputs are a tensor (N, ...), a tuple of them, which the network
            takes one by one, or a mapping or dataclass, which it takes by name; targets are any
            tree of tensors (N, ...).
        loss: Of what the network returns and the targets of a batch: (B,), one number an example,
            or a scalar for the whole batch. One with a third argument gets the network, for terms
            that it keeps. By default the `loss` of what the network returns.
        loss_chance: Loss of a network that knows nothing: log(classes) of a cross-entropy,
            log(batch size) of a contrastive loss, the variance of targets of a squared error.
        loss_best: The lowest loss that there is.
        metric: Success, as the loss is called; by default the share of the loss that is gone.
        metric_name: Its name for people.
        chance: Metric of a network that knows nothing.
        ceiling: The best metric.
        target: From this metric on a trial counts as trained; by default half of the way.
        validation: Share of the examples that no trial trains on; at the end of each, loss and
            metric are measured on them.
        labels: Of each example, (N,), for the hyperparameter `class_weights`; by default the
            targets where they are one tensor of whole numbers, (N,).

    Raises:
        DataError: If data are no tensors of one length, a level is missing or impossible, or
            there are not as many labels as examples.
    """
    level = _checked_chance(name, loss_chance, loss_best)
    if metric is None and (chance, ceiling) != (0.0, 1.0):
        raise DataError(f"chance and ceiling of task {name} must come with their metric")
    inputs, targets = _parted(name, examples_of(data) if is_dataset(data) else data)
    levels: dict[str, Any] = {"loss_chance": level, "loss_best": loss_best}
    feed = Feed(name=name, inputs=inputs, targets=targets, loss=loss, metric=metric, **levels)
    feed.labels = _labels(feed, targets if labels is None else labels, given=labels is not None)
    rows, held_out = split(name, feed.examples, validation)
    return Task(
        name=name,
        inputs=rows,
        targets=rows,
        outputs=2,
        loss=_loss,
        metric=_metric,
        metric_name=metric_name or (NAME if metric is None else _readable(metric)),
        chance=chance,
        ceiling=ceiling,
        target=chance + HALF * (ceiling - chance) if target is None else target,
        loss_chance=level,
        feed=feed,
        validation=None if held_out is None else (held_out, held_out),
    )


def _checked_chance(name: str, loss_chance: float | None, loss_best: float) -> float:
    if loss_chance is None or not math.isfinite(loss_chance) or not loss_chance > loss_best:
        raise DataError(
            f"task {name} must say loss_chance, the loss of a network that knows nothing, above "
            f"loss_best ({loss_best:g}), but got {loss_chance}: log(classes) of a cross-entropy, "
            "log(batch size) of a contrastive loss, the variance of the targets of a squared error"
        )
    return loss_chance


def _labels(feed: Feed, labels: Any, *, given: bool) -> Tensor | None:
    shown = isinstance(labels, Tensor) and labels.ndim == 1
    if shown and not labels.is_floating_point() and len(labels) == feed.examples:
        return labels.detach().cpu()
    if given:
        got = f"{tuple(labels.shape)} {labels.dtype}" if isinstance(labels, Tensor) else labels
        raise DataError(
            f"labels of task {feed.name} must be whole numbers, one of each of {feed.examples} "
            f"examples, but got {got}"
        )
    return None


def _parted(name: str, data: Any) -> tuple[Any, Any]:
    if isinstance(data, (tuple, list)) and not hasattr(data, "_fields"):
        if len(data) != 2:
            raise DataError(
                f"data of task {name} must be (inputs, targets), but has {len(data)} parts; "
                "several inputs are a tuple of their own: ((first, second), targets)"
            )
        return data[0], data[1]
    if isinstance(data, Tensor) or data is None:
        raise DataError(
            f"data of task {name} must be (inputs, targets), or a mapping or dataclass that has "
            f"both, but is one {type(data).__name__}"
        )
    both = dict(data) if isinstance(data, Mapping) else data
    return both, both


def _readable(metric: Loss) -> str:
    name = getattr(metric, "__name__", "metric")
    return name.replace("_", " ").strip() if name.isidentifier() else "metric"


def _loss(outputs: Tensor, targets: Tensor) -> Tensor:
    return outputs[..., LOSS]


def _metric(outputs: Tensor, targets: Tensor) -> Tensor:
    return outputs[..., METRIC]
