"""The U-Net."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from study.engine import NETWORKS, NetworkError, Task, train_cohort
from study.engine.networks.normalizations import NORMALIZATIONS
from study.engine.tasks.measures import squared_error
from tests.study.engine.networks.cohorts import check_cohort, image_task, layer_names, trials_of


def pixel_task(*sides: int, channels: int = 1, answers: int = 1) -> Task:
    """Noise, with other noise for each pixel as targets."""
    generator = torch.Generator().manual_seed(3)
    shape = (24, channels, *sides)
    inputs = torch.randn(shape, generator=generator, dtype=torch.float64)
    targets = torch.randn(24, answers * sides[0] * sides[1], generator=generator).double()
    return Task(
        name="pixels",
        inputs=inputs,
        targets=targets,
        outputs=targets.shape[1],
        loss=squared_error,
        metric=squared_error,
        chance=1.0,
        ceiling=0.0,
        loss_chance=1.0,
    )


@pytest.mark.slow
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_cohort_equals_its_trials_alone(normalization: str) -> None:
    trials = trials_of(normalization=normalization, depth=2, width=4)
    record = check_cohort("unet", pixel_task(8, 8), trials)
    assert layer_names(record) == [
        *(
            (f"{stage}.convolution_{n}", f"{stage}.activation_{n}")
            for stage in STAGES
            for n in (1, 2)
        ),
        ("output", None),
    ]
    assert [layer.positions for layer in record.layers] == [64, 64, 16, 16, 64, 64, 64]


STAGES = ("down_1", "bottom", "up_1")


def test_it_computes_what_the_paper_draws() -> None:
    task = pixel_task(16, 8, channels=2, answers=3)
    values = {"depth": 1, "width": 4, "activation": "relu"}
    torch.manual_seed(0)
    module = NETWORKS["unet"](values, pixel_task(16, 16, channels=2, answers=3)).double()
    p = dict(module.named_parameters())

    def stage(h: Tensor, name: str) -> Tensor:
        weight, bias = p[f"{name}.convolution_1.weight"], p[f"{name}.convolution_1.bias"]
        return functional.conv2d(h, weight, bias, padding=1).relu()

    images = torch.randn(5, 2, 16, 16, dtype=torch.float64)
    first = stage(images, "down_1")
    second = stage(functional.avg_pool2d(first, 2), "down_2")
    h = stage(functional.avg_pool2d(second, 2), "bottom")
    assert h.shape == (5, 16, 4, 4)
    h = functional.interpolate(h, scale_factor=2, mode="nearest")
    h = stage(torch.cat([h, second], dim=1), "up_2")
    h = functional.interpolate(h, scale_factor=2, mode="nearest")
    h = stage(torch.cat([h, first], dim=1), "up_1")
    expected = functional.conv2d(h, p["output.weight"], p["output.bias"]).flatten(1)
    torch.testing.assert_close(module(images), expected)
    # The shorter side of 8 is halved once, whatever the longer one.
    once = NETWORKS["unet"](values, task)
    assert [name for name, _ in once.named_children()] == [
        "down_1",
        "pool",
        "bottom",
        "up_1",
        "output",
    ]
    assert once(task.inputs.float()).shape == (24, 3 * 16 * 8)


@pytest.mark.parametrize(
    ("task", "rule"),
    [
        (image_task(), r"8 x 8 pixels, but task noise asks for 3 outputs, no multiple of 64"),
        (pixel_task(6, 6), r"even and >= 8, but those of task pixels are 6 x 6"),
        (pixel_task(9, 8), r"even and >= 8, but those of task pixels are 9 x 8"),
    ],
)
def test_what_does_not_fit_is_refused(task: Task, rule: str) -> None:
    with pytest.raises(NetworkError, match=rule):
        train_cohort(trials_of()[:1], task=task, network=NETWORKS["unet"], steps=1)
