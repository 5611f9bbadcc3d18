"""The oracle: one trial in a plain torch loop, written without the engine's batching."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import SGD
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LRScheduler,
    StepLR,
)

from study.engine import NETWORKS, Task
from study.engine.batches import BatchOrder
from study.engine.initializations import initialize
from study.engine.seeds import initialization_generator, module_seed
from study.trial import Trial


def scheduler(optimizer: SGD, trial: Trial, steps: int) -> LRScheduler:
    values = trial.hyperparameters
    every = int(values.get("lr_decay_steps") or max(1, steps // 3))
    rate = float(values.get("lr_decay_rate", 0.1))
    match values.get("lr_decay", "constant"):
        case "exponential":
            return ExponentialLR(optimizer, gamma=rate ** (1 / every))
        case "step":
            return StepLR(optimizer, step_size=every, gamma=rate)
        case "cosine":
            return CosineAnnealingLR(optimizer, T_max=steps)
        case _:
            return ConstantLR(optimizer, factor=1.0)


def initial_network(trial: Trial, task: Task, dtype: torch.dtype) -> nn.Module:
    torch.manual_seed(module_seed(trial.seed))
    network = NETWORKS["mlp"](trial.hyperparameters, task)
    values = initialize(network, trial.hyperparameters, initialization_generator(trial.seed))
    network = network.to(dtype)
    network.load_state_dict({name: value.to(dtype) for name, value in values.items()})
    return network


def train_plainly(trial: Trial, task: Task, steps: int) -> dict[str, list[float]]:
    """Loss, gradient norm and learning rate of every step."""
    values = trial.hyperparameters
    dtype = torch.float64 if values.get("dtype") == "float64" else torch.float32
    network = initial_network(trial, task, dtype)
    optimizer = SGD(
        network.parameters(),
        lr=float(values["learning_rate"]),
        momentum=float(values.get("momentum", 0.0)),
        weight_decay=float(values.get("weight_decay", 0.0)),
    )
    schedule = scheduler(optimizer, trial, steps)
    order = BatchOrder(
        [trial.seed],
        examples=task.examples,
        batch_size=int(values["batch_size"]),
        device=torch.device("cpu"),
    )
    clip = values.get("clip_norm", "none")
    history: dict[str, list[float]] = {"loss": [], "grad_norm": [], "learning_rate": []}
    for step in range(steps):
        batch = order.batch(step)[0]
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(
            network(task.inputs[batch].to(dtype)), task.targets[batch]
        )
        loss.backward()
        limit = float("inf") if clip == "none" else float(clip)
        norm = clip_grad_norm_(network.parameters(), limit)
        history["loss"].append(loss.item())
        history["grad_norm"].append(norm.item())
        history["learning_rate"].append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return history
