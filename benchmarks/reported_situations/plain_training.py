"""A situation trained by a plain torch loop, so that neither failure nor fix is ours to invent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from reported_situations.situation import Situation
from study.engine import Task
from study.engine.initializations import initialize
from study.preflight.configuration import preflight

OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}

CODE = (Path(__file__).parent.parent,)


@dataclass(frozen=True, kw_only=True)
class PlainRun:
    """What a plain loop saw.

    Attributes:
        first_loss: Loss of all data before training.
        last_loss: The same at the end.
        best_metric: Best metric of all data at a tenth, two tenths, ... of the steps.
        last_metric: Metric of all data at the end.
        target: The metric that counts as trained.
        broken_at: First step with a non-finite loss or gradient; None if none.
    """

    first_loss: float
    last_loss: float
    best_metric: float
    last_metric: float
    target: float
    broken_at: int | None

    def __str__(self) -> str:
        broken = "" if self.broken_at is None else f", not finite at step {self.broken_at}"
        return (
            f"loss {self.first_loss:.3g} -> {self.last_loss:.3g}, metric {self.last_metric:.3g} "
            f"(best {self.best_metric:.3g}, target {self.target:.3g}){broken}"
        )


def train_plainly(
    situation: Situation, *, twin: bool = False, seed: int = 0, steps: int | None = None
) -> PlainRun:
    """Trains one seed the way that people write it."""
    config = situation.config(twin=twin)
    checked = preflight(config, code=CODE)
    settings = dict(situation.twin_settings if twin else situation.settings)
    scaled = settings.pop("standardize", "none")
    values = config.space.complete(settings)
    task = _standardized(checked.tasks.task(values), str(scaled))
    torch.manual_seed(seed)
    network = checked.network(values, task)
    start = initialize(network, values, torch.Generator().manual_seed(seed))
    network.load_state_dict({**network.state_dict(), **start})
    return _train(network, task, values, steps or config.steps)


def _standardized(task: Task, what: str) -> Task:
    """Each column of inputs or targets in its own units; the metric sees what it saw before."""
    if what in ("inputs", "both"):
        mean, std = task.inputs.mean(0), task.inputs.std(0).clamp(min=1e-12)
        task = replace(task, inputs=(task.inputs - mean) / std)
    if what in ("targets", "both"):
        middle, unit, metric = task.targets.mean(0), task.targets.std(0), task.metric
        task = replace(
            task,
            targets=(task.targets - middle) / unit,
            metric=lambda outputs, targets: metric(
                outputs * unit + middle, targets * unit + middle
            ),
        )
    return task


def _train(network: nn.Module, task: Task, values: Mapping[str, Any], steps: int) -> PlainRun:
    parameters = list(network.parameters())
    optimizer = _optimizer(parameters, values)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: _factor(values, step, steps)
    )
    first, metrics, broken = _score(network, task)[0], list[float](), None
    for step in range(steps):
        batch = torch.randint(0, task.examples, (int(values["batch_size"]),))
        loss = task.loss(network(task.inputs[batch]), task.targets[batch]).mean()
        optimizer.zero_grad()
        loss.backward()
        gradients = [each.grad for each in parameters if each.grad is not None]
        if not loss.isfinite() or not all(each.isfinite().all() for each in gradients):
            broken = step
            break
        if values.get("clip_value", "none") != "none":
            clip_grad_value_(parameters, float(values["clip_value"]))
        if values.get("clip_norm", "none") != "none":
            clip_grad_norm_(parameters, float(values["clip_norm"]))
        optimizer.step()
        schedule.step()
        if (step + 1) % max(1, steps // 10) == 0:
            metrics.append(_score(network, task)[1])
    last_loss, last_metric = _score(network, task)
    return PlainRun(
        first_loss=first,
        last_loss=last_loss,
        best_metric=max([*metrics, last_metric]),
        last_metric=last_metric,
        target=task.target,
        broken_at=broken,
    )


@torch.no_grad()
def _score(network: nn.Module, task: Task) -> tuple[float, float]:
    outputs = network(task.inputs)
    loss, metric = task.loss(outputs, task.targets), task.metric(outputs, task.targets)
    return float(loss.double().mean()), float(metric.double().mean())


def _optimizer(parameters: list[nn.Parameter], values: Mapping[str, Any]) -> torch.optim.Optimizer:
    name = str(values["optimizer"])
    kind: Any = OPTIMIZERS[name]
    arguments = {
        theirs: values[ours]
        for ours, theirs in (
            ("learning_rate", "lr"),
            ("weight_decay", "weight_decay"),
            ("momentum", "momentum"),
            ("alpha", "alpha"),
            ("epsilon", "eps"),
        )
        if ours in values
    }
    if name.startswith("adam"):
        arguments["betas"] = (values.get("beta1", 0.9), values.get("beta2", 0.999))
    optimizer: torch.optim.Optimizer = kind(parameters, **arguments)
    return optimizer


def _factor(values: Mapping[str, Any], step: int, steps: int) -> float:
    """Of the learning rate at a step: warm-up, then the decay."""
    warmup = int(values.get("warmup_steps", 0))
    if step < warmup:
        return (step + 1) / warmup
    after = step - warmup
    every = values.get("lr_decay_steps") or (steps - warmup) // 3 or 1
    match values.get("lr_decay", "constant"):
        case "exponential":
            return float(values.get("lr_decay_rate", 0.1) ** (after / every))
        case "step":
            return float(values.get("lr_decay_rate", 0.1) ** (after // every))
        case "linear":
            return 1 - after / (steps - warmup)
        case "cosine":
            return (1 + math.cos(math.pi * after / (steps - warmup))) / 2
        case _:
            return 1.0
