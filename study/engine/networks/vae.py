"""A variational autoencoder: examples are put into a small space, and drawn from there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from study.engine.networks.mlp import hidden_layers
from study.engine.networks.plain_inputs import check_plain
from study.engine.tasks.task import Task
from study.engine.weight_roles import WeightRole


def vae(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Builds an encoder and a decoder of `depth` hidden layers of `width` units each.

    The encoder ends in mean and logarithm of the variance of the task's L latent numbers. The
    decoder starts from a draw of them, mean + exp(log variance / 2) times standard normal noise,
    through which gradients pass; each trial draws what its own seed says. Outputs (B, F + 2 L)
    are the F logits of the drawing, the means and the logarithms.

    Raises:
        ValueError: If the task has no latent numbers.

    References:
        Kingma and Welling, Auto-encoding variational Bayes, ICLR 2014, fig. 1 and appendix C.
    """
    check_plain("vae", task)
    if task.latent is None:
        raise ValueError(
            "network vae needs a task with numbers between encoder and decoder, its `latent`: "
            f"generation; got {task.name}"
        )
    return VariationalAutoencoder(hyperparameters, task.features, task.latent)


class VariationalAutoencoder(nn.Module):
    """Numbers (B, F) -> (B, F + 2 L).

    Args:
        hyperparameters: `depth`, `width`, `activation`, `normalization`.
        features: F.
        latent: L.
    """

    def __init__(self, hyperparameters: Mapping[str, Any], features: int, latent: int) -> None:
        super().__init__()
        self.latent = latent
        width = int(hyperparameters["width"])
        self.encoder = hidden_layers(features, hyperparameters)
        self.place = nn.Linear(width, 2 * latent)
        self.decoder = hidden_layers(latent, hyperparameters)
        self.output = nn.Linear(width, features)
        roles = ("place.weight", "output.weight")
        self.weight_roles = dict.fromkeys(roles, WeightRole(readout=True))

    def forward(self, inputs: Tensor) -> Tensor:
        place: Tensor = self.place(self.encoder(inputs.flatten(1)))
        mean, log_variance = place.chunk(2, dim=1)
        drawn = mean
        if self.training:
            drawn = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        logits: Tensor = self.output(self.decoder(drawn))
        return torch.cat([logits, place], dim=1)
