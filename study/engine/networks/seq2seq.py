"""Encoder and decoder with attention."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from study.engine.networks.lstm import lstm_layers
from study.engine.networks.sequences import time_steps
from study.engine.tasks.task import Task


def seq2seq(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Builds an encoder and a decoder of `depth` LSTM layers each, attention, a linear readout.

    The decoder, layers `depth` + 1 to 2 `depth`, reads what the encoder says at each time step,
    so that its state begins where the encoder's ends. What it says, h_t, is compared with all
    that the encoder has said so far; the readout sees a_t = tanh(W [c_t, h_t]) with the mean c_t
    of it under softmax(h_t e_s). Both run over all time steps of the task: a task says by its
    tokens when reading ends and answering begins. `normalization` is as in network lstm.

    Raises:
        ValueError: If the normalization is another one than none or layer.

    References:
        Sutskever, Vinyals and Le, Sequence to sequence learning with neural networks, NIPS 2014;
        Luong, Pham and Manning, Effective approaches to attention-based neural machine
        translation, EMNLP 2015, eqs. 5, 7 and 8 (dot).
    """
    attention = DotAttention(int(hyperparameters["width"]), time_steps(task))
    return lstm_layers(hyperparameters, task, attention=attention)


class DotAttention(nn.Module):
    """Joins each time step with what it looks up in a memory, twice (B, T, H) -> (B, T, H).

    Args:
        width: H, numbers in a time step.
        steps: T.
    """

    later: Tensor

    def __init__(self, width: int, steps: int) -> None:
        super().__init__()
        later = torch.ones(steps, steps, dtype=torch.bool).triu(1)
        self.register_buffer("later", later, persistent=False)
        self.combine = nn.Linear(2 * width, width)
        self.activation = nn.Tanh()

    def forward(self, values: Tensor, memory: Tensor) -> Tensor:
        scores = (values @ memory.mT).masked_fill(self.later, -math.inf)
        looked_up = scores.softmax(dim=-1) @ memory
        joined: Tensor = self.activation(self.combine(torch.cat([looked_up, values], dim=2)))
        return joined
