"""The oracle: one trial in a plain torch loop, written without the engine's batching."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim import SGD, Adafactor, Adagrad, Adam, AdamW, Optimizer, RMSprop
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    OneCycleLR,
    SequentialLR,
    StepLR,
)

from study.engine import NETWORKS, Task
from study.engine.cohort.batches import BatchOrder
from study.engine.initializations import initialize
from study.engine.seeds import initialization_generator, module_seed
from study.trial import Trial
from tests.study.engine.optimizers import published


def make_optimizer(parameters: Iterable[nn.Parameter], values: Mapping[str, Any]) -> Optimizer:
    settings: dict[str, Any] = {"lr": float(values["learning_rate"])}
    if "weight_decay" in values:
        settings["weight_decay"] = float(values["weight_decay"])
    if "epsilon" in values and values.get("optimizer", "sgd") != "sgd":
        settings["eps"] = float(values["epsilon"])
    betas = float(values.get("beta1", 0.9)), float(values.get("beta2", 0.999))
    momentum = float(values.get("momentum", 0.0))
    match values.get("optimizer", "sgd"):
        case "sgd":
            nesterov = values.get("momentum_kind") == "nesterov" and momentum > 0
            return SGD(parameters, momentum=momentum, nesterov=nesterov, **settings)
        case "rmsprop":
            alpha = float(values.get("alpha", 0.99))
            return RMSprop(parameters, alpha=alpha, momentum=momentum, **settings)
        case "adagrad":
            return Adagrad(parameters, **settings)
        case "adam":
            return Adam(parameters, betas=betas, **settings)
        case "adamw":
            return AdamW(parameters, betas=betas, **settings)
        case "adafactor":
            settings.pop("eps", None)
            return Adafactor(parameters, **settings)
        case "lion":
            settings.pop("eps", None)
            betas = betas[0], float(values.get("beta2", 0.99))
            return published.Lion(parameters, betas=betas, **settings)
        case "muon":
            parameters = list(parameters)
            weights = [weight for weight in parameters if weight.ndim >= 2]
            mean = {"momentum": float(values.get("momentum", 0.95)), "betas": betas}
            outer = (weights[0], weights[-1])
            return published.Muon(parameters, outer=outer, **mean, **settings)
        case "schedule_free_sgd":
            settings.pop("eps", None)
            beta = float(values.get("momentum", 0.9))
            return published.ScheduleFreeSgd(parameters, momentum=beta, **settings)
        case "schedule_free_adamw":
            return published.ScheduleFreeAdamW(parameters, betas=betas, **settings)
        case name:
            raise ValueError(name)


def scheduler(optimizer: Optimizer, values: Mapping[str, Any], steps: int) -> LRScheduler:
    warmup = int(values.get("warmup_steps", 0))
    if warmup == 0:
        return decay(optimizer, values, steps)
    rise = LinearLR(optimizer, start_factor=1 / warmup, total_iters=warmup - 1)
    if warmup >= steps:
        return rise
    return SequentialLR(
        optimizer, [rise, decay(optimizer, values, steps - warmup)], milestones=[warmup]
    )


def decay(optimizer: Optimizer, values: Mapping[str, Any], steps: int) -> LRScheduler:
    every = int(values.get("lr_decay_steps") or max(1, steps // 3))
    rate = float(values.get("lr_decay_rate", 0.1))
    match values.get("lr_decay", "constant"):
        case "constant":
            return ConstantLR(optimizer, factor=1.0)
        case "exponential":
            return ExponentialLR(optimizer, gamma=rate ** (1 / every))
        case "step":
            return StepLR(optimizer, step_size=every, gamma=rate)
        case "cosine":
            return CosineAnnealingLR(optimizer, T_max=steps)
        case "linear":
            return LinearLR(optimizer, start_factor=1.0, end_factor=0.0, total_iters=steps)
        case "inverse_sqrt":
            warm = max(1, int(values.get("warmup_steps", 0)))
            return LambdaLR(optimizer, lambda t: (warm / (warm + t)) ** 0.5)
        case "warmup_stable_decay":
            last = int(values.get("cooldown_steps") or max(1, steps // 5))
            left = [1.0] * (steps - last) + [1 - (t / last) ** 0.5 for t in range(last + 1)]
            return LambdaLR(optimizer, lambda t: left[min(t, steps)])
        case "one_cycle":
            peak = optimizer.param_groups[0]["lr"]
            return OneCycleLR(optimizer, peak, total_steps=steps, cycle_momentum=False)
        case name:
            raise ValueError(name)


def clip(parameters: list[nn.Parameter], values: Mapping[str, Any]) -> tuple[float, float]:
    """Clips the gradients; returns their norm before and after."""
    before = clip_grad_norm_(parameters, math.inf).item()
    adaptive, value, norm = (
        math.inf if values.get(name, "none") == "none" else float(values[name])
        for name in ("clip_agc", "clip_value", "clip_norm")
    )
    for parameter in parameters:
        assert parameter.grad is not None
        parameter.grad = clipped_adaptively(parameter.grad, parameter.detach(), adaptive)
    clip_grad_value_(parameters, value)
    clip_grad_norm_(parameters, norm)
    return before, clip_grad_norm_(parameters, math.inf).item()


def clipped_adaptively(gradient: Tensor, parameter: Tensor, limit: float) -> Tensor:
    """Brock et al. 2021, eq. 3, unit by unit."""

    def unit(g: Tensor, w: Tensor) -> Tensor:
        longest = limit * max(math.sqrt(float(w.square().sum())), 1e-3)
        length = math.sqrt(float(g.square().sum()))
        return g * (longest / length) if length > longest else g

    if gradient.ndim < 2:
        return unit(gradient, parameter)
    return torch.stack([unit(g, w) for g, w in zip(gradient, parameter, strict=True)])


def initial_network(trial: Trial, task: Task, dtype: torch.dtype, name: str = "mlp") -> nn.Module:
    torch.manual_seed(module_seed(trial.seed))
    network = NETWORKS[name](trial.hyperparameters, task)
    values = initialize(network, trial.hyperparameters, initialization_generator(trial.seed))
    network = network.to(dtype)
    network.load_state_dict({name: value.to(dtype) for name, value in values.items()})
    return network


def train_plainly(
    trial: Trial, task: Task, steps: int, network_name: str = "mlp"
) -> dict[str, list[float]]:
    """Loss, gradient norm, clip factor and learning rate of every step."""
    values = trial.hyperparameters
    dtype = torch.float64 if values.get("dtype") == "float64" else torch.float32
    network = initial_network(trial, task, dtype, network_name)
    parameters = list(network.parameters())
    optimizer = make_optimizer(parameters, values)
    schedule = scheduler(optimizer, values, steps)
    order = BatchOrder(
        [trial.seed],
        examples=task.examples,
        batch_size=int(values["batch_size"]),
        device=torch.device("cpu"),
    )
    names = ("loss", "grad_norm", "clip_factor", "learning_rate")
    history: dict[str, list[float]] = {name: [] for name in names}
    for step in range(steps):
        batch = order.batch(step)[0]
        optimizer.zero_grad()
        outputs, targets = network(task.inputs[batch].to(dtype)), task.targets[batch]
        if targets.is_floating_point():
            loss = nn.functional.mse_loss(outputs, targets.to(dtype))
        else:
            loss = nn.functional.cross_entropy(outputs, targets)
        loss.backward()
        norm, clipped_norm = clip(parameters, values)
        history["loss"].append(loss.item())
        history["grad_norm"].append(norm)
        history["clip_factor"].append(clipped_norm / norm)
        history["learning_rate"].append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return history
