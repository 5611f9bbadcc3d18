"""Generation: the bound beside torch's distributions, and who may answer."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from study.engine import NETWORKS, TASKS, NetworkError, TaskError
from study.engine.networks.building import build_network


def test_the_loss_is_the_negative_bound() -> None:
    task = TASKS["generation"](latent=3)
    generator = torch.Generator().manual_seed(0)
    outputs = torch.randn(5, task.outputs, generator=generator, dtype=torch.float64)
    logits, mean, log_variance = outputs.split([64, 3, 3], dim=1)
    drawing = -Bernoulli(logits=logits).log_prob(task.targets[:5]).sum(dim=1)
    place, prior = Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)
    expected = drawing + kl_divergence(place, prior).sum(dim=1)
    torch.testing.assert_close(task.loss(outputs, task.targets[:5]), expected)


def test_by_chance_each_pixel_is_drawn_as_often_as_it_is_set() -> None:
    task = TASKS["generation"]()
    share = task.targets.mean(dim=0).clamp(1e-9, 1 - 1e-9)
    constant = torch.cat([share.logit(), torch.zeros(16)]).expand(task.examples, -1)
    assert float(task.loss(constant, task.targets).mean()) == pytest.approx(task.loss_chance)
    assert float(task.metric(constant, task.targets).mean()) == pytest.approx(0, abs=1e-9)


def test_a_network_that_could_copy_the_pixels_is_refused() -> None:
    values = {"depth": 1, "width": 8, "activation": "tanh"}
    with pytest.raises(NetworkError, match="draws from 8 numbers .*: network vae"):
        build_network(NETWORKS["mlp"], values, TASKS["generation"]())


def test_at_least_one_number_is_needed() -> None:
    with pytest.raises(TaskError, match="must be >= 1, but got 0"):
        TASKS["generation"](latent=0)
