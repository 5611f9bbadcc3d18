"""Which parameters have which learning rate, what stays flat with the width, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.figures import coordinate_check as figure
from search_spaces.errors import InputError
from search_spaces.space import build_space
from study.engine import NETWORKS, TASKS, Task
from study.engine.parametrizations import rate_factors
from study.engine.parametrizations.coordinates import coordinate_check
from study.preflight.parametrization import check_parametrizations

WIDTHS = (64, 256, 1024)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_residual_network_has_a_rate_for_each_kind_of_parameter(optimizer: str) -> None:
    values: dict[str, Any] = {
        "depth": 4,
        "width": 8,
        "activation": "relu",
        "normalization": "batch",
        "residual_scale": 1.0,
        "optimizer": optimizer,
        "parametrization": "depth_mup",
        "base_width": 2,
        "base_depth": 1,
    }
    task = TASKS["digits"]()
    factors = rate_factors(NETWORKS["resnet"](values, task), values)
    given = {
        name: factors.get(name, 1.0)
        for name in (
            "stem_1.weight",
            "block_1.branch.convolution_1.weight",
            "block_4.branch.convolution_2.weight",
            "block_2.branch.normalization_1.weight",
            "output.weight",
            "output.bias",
        )
    }
    # Four times the base's width, four times its depth: 1 / sqrt(4) in branches, for Adam.
    expected = [4, 1, 1, 4, 1 / 4, 1] if optimizer == "sgd" else [1, 1 / 8, 1 / 8, 1 / 2, 1 / 4, 1]
    assert list(given.values()) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_changes_stay_flat_under_mup_and_grow_under_standard(digits: Task, optimizer: str) -> None:
    growth = {}
    for name in ("standard", "mup"):
        rows = coordinate_check(
            {
                "depth": 3,
                "activation": "relu",
                "initialization": "he_normal",
                "optimizer": optimizer,
                "learning_rate": 0.01 if optimizer == "adam" else 0.1,
                "batch_size": 64,
                "parametrization": name,
                "base_width": 64,
            },
            task=digits,
            network=NETWORKS["mlp"],
            widths=WIDTHS,
            steps=3,
        )
        last = pd.DataFrame(rows).query("step == 3")
        change = last.pivot_table(index="layer", columns="width", values="change_rms")
        growth[name] = np.log(change[WIDTHS[-1]] / change[WIDTHS[0]]) / np.log(16)
    # Exponents in the width: none of mup's layers grows; hidden layers and readout else do.
    assert growth["mup"].max() < 0.1
    assert growth["mup"].min() > -0.35
    assert growth["standard"].iloc[1:].max() > 0.35


@pytest.mark.parametrize(
    ("network", "given", "said"),
    [
        ("mlp", {"optimizer": ["adam", "muon"]}, "no rule for optimizer muon; optimizers that"),
        ("mlp", {"optimizer": "adam", "weight_decay": [0.0, 0.1]}, "use adamw, lion or sgd"),
        ("mlp", {"initialization": ["he_normal", "orthogonal"]}, "but initialization is ortho"),
        ("mlp", {"connections": "dense"}, "use none or residual"),
        ("cnn", {"parametrization": "depth_mup"}, "the network has none"),
        ("transformer", {"parametrization": "depth_mup", "norm_position": "post"}, "pre or peri"),
    ],
)
def test_what_no_paper_has_a_rule_for_is_refused(
    network: str, given: dict[str, Any], said: str
) -> None:
    space = build_space({"parametrization": "mup", **given}, network=network, task="digits")
    with pytest.raises(InputError, match=said) as refused:
        check_parametrizations(space)
    assert refused.value.key == "hyperparameters.parametrization"


def test_the_figure_has_a_line_for_each_layer_and_size(digits: Task) -> None:
    rows = coordinate_check(
        {"depth": 2, "activation": "tanh", "learning_rate": 0.1, "batch_size": 8},
        task=digits,
        network=NETWORKS["mlp"],
        widths=(8, 16),
        steps=1,
        seeds=2,
    )
    assert len(rows) == 2 * 2 * 2 * 3
    drawn = figure(pd.DataFrame(rows))
    assert len(drawn.data) == 2 * 3
    assert all(list(line.x) == [8, 16] for line in drawn.data)
