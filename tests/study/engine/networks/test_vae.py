"""The variational autoencoder."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from study.engine import NETWORKS, TASKS, NetworkError, train_cohort
from study.engine.networks.building import build_network
from tests.study.engine.networks.cohorts import layer_names, trials_of

VALUES = {"depth": 2, "width": 6, "activation": "tanh"}


def test_it_computes_what_the_paper_draws() -> None:
    task = TASKS["generation"](latent=3)
    module = NETWORKS["vae"](VALUES, task).double()
    p, pixels = dict(module.named_parameters()), task.inputs[:4]

    def hidden(part: str, values: torch.Tensor) -> torch.Tensor:
        for layer in (1, 2):
            weight, bias = (p[f"{part}.hidden_{layer}.{end}"] for end in ("weight", "bias"))
            values = (values @ weight.T + bias).tanh()
        return values

    place = hidden("encoder", pixels) @ p["place.weight"].T + p["place.bias"]
    mean, log_variance = place[:, :3], place[:, 3:]
    torch.manual_seed(5)
    outputs = module(pixels)
    torch.manual_seed(5)
    drawn = mean + (log_variance / 2).exp() * torch.randn(4, 3, dtype=torch.float64)
    logits = hidden("decoder", drawn) @ p["output.weight"].T + p["output.bias"]
    torch.testing.assert_close(outputs, torch.cat([logits, place], dim=1))
    # Where it is measured and not trained, it draws nothing.
    still = module.eval()(pixels)
    from_mean = hidden("decoder", mean) @ p["output.weight"].T + p["output.bias"]
    torch.testing.assert_close(still[:, :64], from_mean)


def test_a_trial_draws_what_its_own_seed_says() -> None:
    task, trials = TASKS["generation"](), trials_of(depth=1, batch_size=8)
    together = train_cohort(trials, task=task, network=NETWORKS["vae"], steps=5)
    alone = train_cohort(trials[2:3], task=task, network=NETWORKS["vae"], steps=5)
    np.testing.assert_allclose(together.loss[2], alone.loss[0], rtol=1e-9)
    assert layer_names(together) == [
        ("encoder.hidden_1", "encoder.activation_1"),
        ("place", None),
        ("decoder.hidden_1", "decoder.activation_1"),
        ("output", None),
    ]


def test_it_needs_a_task_with_latent_numbers() -> None:
    with pytest.raises(NetworkError, match="its `latent`: generation; got digits"):
        build_network(NETWORKS["vae"], VALUES, TASKS["digits"]())
