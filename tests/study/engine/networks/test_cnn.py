"""The plain convolutional network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from study.engine import NETWORKS, NetworkError, classification, train_cohort
from study.engine.networks.images import halvings
from study.engine.networks.normalizations import NORMALIZATIONS
from tests.study.engine.networks.cohorts import check_cohort, image_task, layer_names, trials_of

TASK = image_task()


@pytest.mark.slow
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_cohort_equals_its_trials_alone(normalization: str) -> None:
    record = check_cohort("cnn", TASK, trials_of(normalization=normalization))
    assert layer_names(record) == [
        *((f"convolution_{n}", f"activation_{n}") for n in (1, 2, 3)),
        ("output", None),
    ]
    assert [layer.positions for layer in record.layers] == [64, 64, 64, 1]


@pytest.mark.parametrize(
    ("side", "sides"),
    [(8, [8, 8, 8]), (14, [7, 7, 7]), (28, [14, 7, 7]), (3, [3, 3, 3]), (33, [17, 9, 9])],
)
def test_images_are_halved_by_the_first_layers(side: int, sides: list[int]) -> None:
    task = image_task(side=side)
    trials = trials_of()[:1]
    record = train_cohort(trials, task=task, network=NETWORKS["cnn"], steps=1)
    assert [layer.positions for layer in record.layers[:-1]] == [one**2 for one in sides]


def test_sixty_four_layers_keep_the_signal_on_small_images() -> None:
    """Delta-orthogonal kernels keep norms; the rest is what zeros beyond the border leave."""
    trials = trials_of(
        depth=64,
        width=16,
        activation="identity",
        initialization="delta_orthogonal",
        init_gain=1.0,
        clip_norm="none",
    )[:1]
    record = train_cohort(trials, task=TASK, network=NETWORKS["cnn"], steps=1)
    delta = record.by_layer["delta_rms"][0, 0, :-1]
    np.testing.assert_allclose(delta, delta[0], rtol=1e-9)
    normal = trials_of(
        depth=64,
        width=16,
        activation="identity",
        initialization="lecun_normal",
        init_gain=1.0,
        clip_norm="none",
    )[:1]
    record = train_cohort(normal, task=TASK, network=NETWORKS["cnn"], steps=1)
    delta = record.by_layer["delta_rms"][0, 0, :-1]
    assert 1e-3 < delta[0] / delta[-1] < 1


def test_halvings_leave_the_smallest_side() -> None:
    assert [halvings((side, 300), smallest=7) for side in (1, 8, 13, 14, 27, 28, 224)] == [
        *(0, 0, 0, 1, 2, 2, 5),
    ]


def test_images_are_needed() -> None:
    flat = classification(
        "flat", torch.zeros(4, 64), torch.tensor([0, 1, 0, 1]), classes=2, target=0.9
    )
    for name in ("cnn", "resnet", "densenet"):
        with pytest.raises(NetworkError, match=rf"network {name} needs images.*\(N, 64\)"):
            train_cohort(trials_of(growth_rate=4), task=flat, network=NETWORKS[name], steps=1)


def test_layers_before_a_batch_normalization_have_no_bias() -> None:
    trial = trials_of(normalization="batch")[0]
    module = NETWORKS["cnn"](trial.hyperparameters, TASK)
    assert all(one.bias is None for one in module.modules() if isinstance(one, nn.Conv2d))
