"""Compiled steps give the numbers of the same steps in torch."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from study.engine import NETWORKS, TASKS, CohortRecord, Task, train_cohort
from study.engine.activations import ACTIVATIONS
from study.engine.fused import compiled
from study.engine.fused.activations import CODES
from study.engine.fused.chain import has_fused_loss
from study.trial import Trial
from tests.study.engine.conftest import make_trial

COMPILED_AND_NOT = ("sgd", "rmsprop", "adagrad", "adam", "adamw", "muon")
SCALARS = ("loss", "metric", "grad_norm", "clip_factor", "update_ratio", "loss_deviation")


def both(
    task: Task, trials: Sequence[Trial], steps: int = 14
) -> tuple[CohortRecord, CohortRecord]:
    """Trained in torch and by compiled code."""
    in_torch, fused = (
        train_cohort(trials, task=task, network=NETWORKS["mlp"], steps=steps, execution=way)
        for way in ("chain", "fused")
    )
    return in_torch, fused


def assert_equal(in_torch: CohortRecord, fused: CohortRecord, rtol: float = 1e-9) -> None:
    np.testing.assert_array_equal(fused.steps_run, in_torch.steps_run)
    assert fused.failure_tensor == in_torch.failure_tensor
    assert fused.first_failure == in_torch.first_failure
    for name in SCALARS:
        expected = getattr(in_torch, name)
        np.testing.assert_allclose(getattr(fused, name), expected, rtol=rtol, atol=1e-12)
    for name, expected in in_torch.by_layer.items():
        np.testing.assert_allclose(fused.by_layer[name], expected, rtol=rtol, atol=1e-9)


def test_every_activation_of_the_catalogue_is_known() -> None:
    assert CODES.keys() == ACTIVATIONS.keys()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(digits: Task, activation: str) -> None:
    trials = [make_trial(number, activation=activation) for number in range(4)]
    assert_equal(*both(digits, trials))


@pytest.mark.parametrize("own", [{}, {"momentum": 0.0}, {"momentum_kind": "nesterov"}])
@pytest.mark.parametrize("optimizer", COMPILED_AND_NOT)
def test_optimizers(digits: Task, optimizer: str, own: dict[str, object]) -> None:
    own = {"learning_rate": 0.003, "optimizer": optimizer, **own}
    assert_equal(*both(digits, [make_trial(number, **own) for number in range(4)]))


@pytest.mark.parametrize(
    "own",
    [{"clip_agc": 0.02}, {"clip_value": 0.01}, {"clip_agc": 0.05, "clip_value": 0.02}],
    ids=["agc", "value", "both"],
)
def test_clipping(digits: Task, own: dict[str, object]) -> None:
    trials = [make_trial(number, **(own if number % 2 else {})) for number in range(4)]
    assert_equal(*both(digits, trials))


@pytest.mark.parametrize(
    "own",
    [
        {"batch_size": 1, "depth": 1, "width": 1},
        {"batch_size": 7, "depth": 5, "width": 33},
        {"batch_size": 500},  # Three steps an epoch.
    ],
    ids=["smallest", "odd", "large"],
)
def test_shapes(digits: Task, own: dict[str, object]) -> None:
    assert_equal(*both(digits, [make_trial(number, **own) for number in range(3)]))


def test_regression() -> None:
    task = TASKS["teacher"]()
    assert has_fused_loss(task)
    assert_equal(*both(task, [make_trial(number) for number in range(3)]))


def test_single_precision_to_rounding(digits: Task) -> None:
    own = {"dtype": "float32", "learning_rate": 0.01}
    in_torch, fused = both(digits, [make_trial(number, **own) for number in range(4)])
    np.testing.assert_allclose(fused.loss, in_torch.loss, rtol=1e-5)


def test_a_lost_trial_is_looked_at_in_the_step_in_which_it_is_lost(digits: Task) -> None:
    rates = (0.01, 1e30, 40.0, 3e3)
    own = {"clip_norm": "none", "activation": "relu", "momentum": 0.0}
    trials = [make_trial(n, learning_rate=rate, **own) for n, rate in enumerate(rates)]
    in_torch, fused = both(digits, trials, steps=60)
    assert len(set(in_torch.steps_run)) > 2  # Some are lost in different, unrecorded steps.
    assert_equal(in_torch, fused, rtol=1e-6)


def test_threads_share_the_trials(digits: Task) -> None:
    trials = [make_trial(number) for number in range(5)]
    in_torch, _ = both(digits, trials)
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        _, fused = both(digits, trials)
    finally:
        torch.set_num_threads(threads)
    assert_equal(in_torch, fused)


def test_a_trial_is_the_same_whatever_its_neighbours(digits: Task) -> None:
    trials = [make_trial(number, dtype="float32") for number in range(6)]
    steps = 14
    train = dict(task=digits, network=NETWORKS["mlp"], steps=steps, execution="fused")
    alone = train_cohort(trials[3:4], **train)  # type: ignore[arg-type]
    among = train_cohort(trials, **train)  # type: ignore[arg-type]
    np.testing.assert_allclose(alone.loss[0], among.loss[3], rtol=1e-5)


def test_a_loss_of_ones_own_is_left_to_torch(digits: Task) -> None:
    other = dataclasses.replace(digits, loss=lambda outputs, labels: outputs.square().sum(dim=1))
    assert not has_fused_loss(other)
    assert_equal(*both(other, [make_trial(0)]))


def test_compiling_is_announced_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[tuple[object, ...]] = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    advance = Advance(calls)
    compiled.compiled.cache_clear()
    with caplog.at_level(logging.INFO, logger="gradscape.engine"):
        for _ in range(2):
            compiled.compiled(advance, "float32")(1)
        compiled.compiled.cache_clear()  # As in another process.
        compiled.compiled(advance, "float32")(2)
    compiled.compiled.cache_clear()
    assert [record.message[:9] for record in caplog.records] == ["compiling"]
    assert calls == [(1,), (1,), (2,)]


class Advance:
    """Stands for what numba compiles."""

    __name__ = "advance"

    def __init__(self, calls: list[tuple[object, ...]]) -> None:
        self.calls = calls

    def enable_caching(self) -> None:
        Path(compiled.config.CACHE_DIR).mkdir(parents=True, exist_ok=True)

    def __call__(self, *arguments: object) -> None:
        self.calls.append(arguments)
