"""Studies too large to be run are refused, and nothing large is built to find out."""

from __future__ import annotations

import pytest
import torch

from search_spaces.errors import InputError
from study import StudyConfig
from study.engine import NETWORKS, TASKS
from study.engine import cost as cost_module
from study.engine.cost import large_cost, trial_cost
from study.preflight import size
from study.preflight.configuration import preflight


def config(*, width: int = 8, steps: float = 10, trials: float = 4) -> StudyConfig:
    return StudyConfig(
        study="large",
        task="digits",
        network="mlp",
        hyperparameters={"depth": [2, 4], "width": width},
        steps=steps,
        trials=trials,
    )


@pytest.fixture
def allocated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the parameters that modules were given memory for."""
    sizes: list[int] = []
    register = torch.nn.Module.register_parameter

    def watched(module: torch.nn.Module, name: str, value: torch.nn.Parameter | None) -> None:
        if value is not None and not value.is_meta:
            sizes.append(value.numel())
        register(module, name, value)

    monkeypatch.setattr(torch.nn.Module, "register_parameter", watched)
    return sizes


def test_checked_a_width_of_20000(allocated: list[int]) -> None:
    """It took 6.7 GB and a minute."""
    checked = preflight(config(width=20_000))
    assert max(allocated, default=0) < 1e7
    (values, *_) = checked.config.space.corners()
    assert checked.cost(values).parameters == (64 + 1) * 20_000 + 20_001 * 20_000 + 200_010
    assert any("4.02e+08 parameters: not tried" in notice for notice in checked.notices)


def test_checked_a_width_of_a_million(
    allocated: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(size, "total_memory", lambda device: 64e9)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(InputError) as refused:
        preflight(config(width=1_000_000))
    assert str(refused.value) == (
        "hyperparameters: a trial must fit into memory, but one of depth 2, width 1000000, "
        "batch_size 64, dtype float32 has 1e+12 parameters and needs at least 1.2e+04 GB, and "
        "this machine has 64 GB"
    )
    assert max(allocated, default=0) < 1e7


@pytest.mark.parametrize("network", ["mlp", "cnn", "resnet"])
def test_shapes_tell_what_building_tells(network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The estimate of a large network is that of one that is built and tried."""
    space = StudyConfig(
        study="s", task="digits", network=network, hyperparameters={"depth": 4}, steps=1, trials=1
    ).space
    values, task = next(iter(space.corners())), TASKS["digits"]()
    built = trial_cost(NETWORKS[network], values, task)
    monkeypatch.setattr(cost_module, "LARGE", 0)
    told = large_cost(NETWORKS[network], values, task)
    assert told is not None
    assert told.parameters == built.parameters
    assert told.flops_per_step == built.flops_per_step
    assert told.memory_bytes == pytest.approx(built.memory_bytes, rel=0.3)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (
            {"trials": 1e18},
            "trials: must be at most 10,000,000, but got 1,000,000,000,000,000,000",
        ),
        ({"steps": 1e15}, "steps: must be fewer, but got 1,000,000,000,000,000: 4 trials of"),
    ],
)
def test_asked_for_more_than_anybody_could_wait_for(amount: dict[str, float], text: str) -> None:
    with pytest.raises(InputError, match="years of one CPU core") as refused:
        preflight(config(**amount))
    assert str(refused.value).startswith(text)
