"""The residual network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from study.engine import NETWORKS, train_cohort
from study.engine.initializations import RESIDUAL_INITIALIZATIONS, initialize
from study.engine.networks.normalizations import NORMALIZATIONS
from tests.study.engine.networks.cohorts import check_cohort, image_task, layer_names, trials_of

TASK = image_task()

ORDER = [
    ("stem_1", "block_1.branch.activation_1"),
    ("block_1.branch.convolution_1", "block_1.branch.activation_2"),
    ("block_1.branch.convolution_2", "block_2.branch.activation_1"),
    ("block_2.branch.convolution_1", "block_2.branch.activation_2"),
    ("block_2.branch.convolution_2", "block_3.branch.activation_1"),
    ("block_3.branch.convolution_1", "block_3.branch.activation_2"),
    ("block_3.branch.convolution_2", "activation"),
    ("output", None),
]


@pytest.mark.slow
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_cohort_equals_its_trials_alone(normalization: str) -> None:
    record = check_cohort("resnet", TASK, trials_of(normalization=normalization))
    assert layer_names(record) == ORDER
    assert [layer.positions for layer in record.layers] == [*(64,) * 5, *(16,) * 2, 1]


def test_a_cohort_may_differ_in_the_start_of_its_branches() -> None:
    names = (*RESIDUAL_INITIALIZATIONS, *RESIDUAL_INITIALIZATIONS)
    trials = []
    for index, name in enumerate(names):
        trials.append(trials_of(residual_initialization=name, clip_norm=1.0)[index])
    together = train_cohort(
        trials, task=TASK, network=NETWORKS["resnet"], steps=4, execution="vectorized"
    )
    for index, trial in enumerate(trials):
        alone = train_cohort([trial], task=TASK, network=NETWORKS["resnet"], steps=4)
        np.testing.assert_allclose(together.loss[index], alone.loss[0], rtol=1e-9)
    # Behind a readout of zeros every class is as likely.
    np.testing.assert_allclose(together.loss[[2, 5], 0], np.log(3), rtol=1e-12)
    rms = together.by_layer["weight_rms"][:, 0]
    last = [index for index, (name, _) in enumerate(ORDER) if name.endswith("convolution_2")]
    inner = [index for index, (name, _) in enumerate(ORDER) if name.endswith("convolution_1")]
    assert (rms[:, last][[0, 3]] > 0).all() and (rms[:, last][[1, 2, 4, 5]] == 0).all()
    assert (rms[:, inner] > 0).all()


def test_blocks_compute_what_the_paper_draws() -> None:
    """Pre-activation, and a shortcut of every second pixel with zeros in the new channels."""
    values = {"depth": 2, "width": 4, "activation": "relu", "residual_scale": 0.5}
    torch.manual_seed(0)
    module = NETWORKS["resnet"](values, TASK).double()
    p = dict(module.named_parameters())

    def convolved(h: torch.Tensor, name: str, stride: int = 1) -> torch.Tensor:
        return functional.conv2d(h, p[f"{name}.weight"], p[f"{name}.bias"], stride, padding=1)

    h = convolved(TASK.inputs[:5], "stem_1")
    for number, stride in ((1, 1), (2, 2)):
        name = f"block_{number}.branch"
        branch = convolved(h.relu(), f"{name}.convolution_1", stride)
        branch = convolved(branch.relu(), f"{name}.convolution_2")
        shortcut = torch.zeros_like(branch)
        shortcut[:, :4] = h[:, :, ::stride, ::stride]
        h = shortcut + 0.5 * branch
    pooled = h.relu().mean(dim=(2, 3))
    expected = pooled @ p["output.weight"].T + p["output.bias"]
    torch.testing.assert_close(module(TASK.inputs[:5]), expected)


@pytest.mark.parametrize("name", ["zero_last", "fixup"])
def test_blocks_start_as_the_identity(name: str) -> None:
    values = {"depth": 4, "width": 4, "activation": "relu", "normalization": "none"}
    values |= {"initialization": "he_normal", "residual_initialization": name}
    module = NETWORKS["resnet"](values, TASK).double()
    plain = initialize(
        module, {**values, "residual_initialization": "none"}, torch.Generator().manual_seed(0)
    )
    start = initialize(module, values, torch.Generator().manual_seed(0))
    module.load_state_dict({key: value.double() for key, value in start.items()})
    h = torch.randn(2, 4, 6, 6, dtype=torch.float64)
    assert torch.equal(module.get_submodule("block_1")(h), h)
    factor = 4**-0.5 if name == "fixup" else 1.0
    key = "block_3.branch.convolution_1.weight"
    torch.testing.assert_close(start[key], factor * plain[key])
    assert torch.equal(start["stem_1.weight"], plain["stem_1.weight"])


def test_larger_images_are_brought_down_by_the_stem() -> None:
    trials = trials_of(depth=4)[:1]
    for side, sides in ((28, [14, 14, 7]), (56, [28, 14, 14, 7]), (5, [5, 5, 5])):
        record = train_cohort(
            trials, task=image_task(side=side), network=NETWORKS["resnet"], steps=1
        )
        seen = [layer.positions for layer in record.layers if layer.role == "hidden"]
        assert sorted(set(seen), reverse=True) == sorted({one**2 for one in sides}, reverse=True)


def test_deep_ones_train_where_plain_ones_vanish() -> None:
    ratios = {}
    for name in ("cnn", "resnet"):
        trials = trials_of(
            depth=32 if name == "cnn" else 16,
            initialization="xavier_normal",
            init_gain=0.5,
            activation="tanh",
            clip_norm="none",
        )[:1]
        record = train_cohort(trials, task=TASK, network=NETWORKS[name], steps=1)
        delta = record.by_layer["delta_rms"][0, 0]
        ratios[name] = delta[0] / delta[-2]
    assert ratios["cnn"] < 1e-6 and 0.1 < ratios["resnet"] < 10


def test_batch_normalization_keeps_no_running_statistics() -> None:
    trial = trials_of(normalization="batch")[0]
    module = NETWORKS["resnet"](trial.hyperparameters, TASK)
    assert not list(module.buffers())
    assert all(one.bias is None for one in module.modules() if isinstance(one, nn.Conv2d))
