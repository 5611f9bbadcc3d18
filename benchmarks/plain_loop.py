"""The trials of a cohort one after another, as people write it: what the engine is up against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from engine_cases import Case
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from study.engine import NETWORKS, Task
from study.engine.cohort.batches import BatchOrder
from study.engine.initializations import initialize
from study.engine.networks.recurrence import Cell
from study.engine.seeds import initialization_generator
from study.trial import Trial


class Fused(nn.Module):
    """torch's own recurrent network with a readout of the last time step."""

    def __init__(self, kind: type[nn.RNNBase], width: int, task: Task) -> None:
        super().__init__()
        self.recurrent = kind(task.inputs.shape[-1], width, batch_first=True)
        self.readout = nn.Linear(width, task.outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.readout(self.recurrent(inputs)[0][:, -1])
        return outputs


FUSED: dict[str, type[nn.RNNBase]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def fused_network(case: Case, task: Task) -> nn.Module:
    """What torch has for a recurrent case of one layer."""
    return Fused(FUSED[case.network], case.hyperparameters["width"], task)


def plain_network(case: Case, trial: Trial, task: Task) -> nn.Module:
    """The trial's network; its recurrent cells step through time."""
    network = NETWORKS[case.network](trial.hyperparameters, task)
    start = initialize(network, trial.hyperparameters, initialization_generator(trial.seed))
    network.load_state_dict({**network.state_dict(), **_singles(start)})
    for child in network.modules():
        if isinstance(child, Cell):
            child.kernel = None
    return network


def plain_loop(
    trials: Sequence[Trial],
    case: Case,
    task: Task,
    steps: int,
    device: torch.device,
    *,
    fused: bool = False,
) -> None:
    """The trials one after another, as people write it."""
    inputs, targets = _placed(task.inputs, device), task.targets.to(device)
    for trial in trials:
        values = trial.hyperparameters
        network = fused_network(case, task) if fused else plain_network(case, trial, task)
        network.to(device)
        parameters = list(network.parameters())
        optimizer = torch.optim.SGD(parameters, lr=float(values["learning_rate"]), momentum=0.9)
        schedule = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
        order = BatchOrder([trial.seed], examples=task.examples, batch_size=64, device=device)
        limit = float("inf") if values["clip_norm"] == "none" else float(values["clip_norm"])
        for step in range(steps):
            batch = order.batch(step)[0]
            optimizer.zero_grad()
            loss = task.loss(network(inputs[batch]), targets[batch]).mean()
            loss.backward()
            clip_grad_norm_(parameters, limit)
            optimizer.step()
            schedule.step()


def _placed(data: Tensor, device: torch.device) -> Tensor:
    return data.to(device, torch.float32 if data.is_floating_point() else data.dtype)


def _singles(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.float() for name, value in values.items()}
