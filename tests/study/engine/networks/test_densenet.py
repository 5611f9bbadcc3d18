"""The densely connected network."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from study.engine import NETWORKS, train_cohort
from study.engine.networks.normalizations import NORMALIZATIONS
from tests.study.engine.networks.cohorts import check_cohort, image_task, layer_names, trials_of

TASK = image_task()


@pytest.mark.slow
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_cohort_equals_its_trials_alone(normalization: str) -> None:
    record = check_cohort("densenet", TASK, trials_of(normalization=normalization, growth_rate=4))
    assert layer_names(record) == [
        ("stem_1", "layer_1.added.activation"),
        ("layer_1.added.convolution", "layer_2.added.activation"),
        ("layer_2.added.convolution", "transition.activation"),
        ("transition.convolution", "layer_3.added.activation"),
        ("layer_3.added.convolution", "activation"),
        ("output", None),
    ]
    assert [layer.positions for layer in record.layers] == [64, 64, 64, 64, 16, 1]


def test_layers_compute_what_the_paper_draws() -> None:
    values = {"depth": 2, "growth_rate": 3, "activation": "relu"}
    torch.manual_seed(0)
    module = NETWORKS["densenet"](values, TASK).double()
    p = dict(module.named_parameters())

    def convolved(h: torch.Tensor, name: str, padding: int = 1) -> torch.Tensor:
        return functional.conv2d(h, p[f"{name}.weight"], p[f"{name}.bias"], padding=padding)

    h = convolved(TASK.inputs[:5], "stem_1")
    assert h.shape[1] == 6
    h = torch.cat([h, convolved(h.relu(), "layer_1.added.convolution")], dim=1)
    h = functional.avg_pool2d(convolved(h.relu(), "transition.convolution", padding=0), 2)
    assert h.shape[1:] == (4, 4, 4)
    h = torch.cat([h, convolved(h.relu(), "layer_2.added.convolution")], dim=1)
    expected = h.relu().mean(dim=(2, 3)) @ p["output.weight"].T + p["output.bias"]
    torch.testing.assert_close(module(TASK.inputs[:5]), expected)


@pytest.mark.parametrize(("side", "depth"), [(5, 4), (8, 1), (28, 2), (31, 5)])
def test_any_size_and_depth_can_be_built(side: int, depth: int) -> None:
    trials = trials_of(depth=depth, growth_rate=4)[:1]
    record = train_cohort(
        trials, task=image_task(side=side), network=NETWORKS["densenet"], steps=1
    )
    transition = 1 if depth > 1 and side >= 8 else 0
    assert len(record.layers) == 1 + depth + transition + 1
