"""Looking at failures leaves training as it is, and says the same however a trial is run."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from study.engine import NETWORKS, Checkpoints, Task
from study.engine.execution import Batch
from study.engine.forensics import watch
from study.engine.precision import PRECISIONS
from study.trial import Trial
from tests.study.engine.conftest import make_trial
from tests.study.engine.forensics.conftest import (
    X,
    a_task,
    a_trial,
    failure_of,
    network_of,
    squared,
    train,
)


def sound(number: int, **changes: object) -> Trial:
    common = {"activation": "relu", "initialization": "he_normal", "clip_norm": "none"}
    return make_trial(number, **{**common, "learning_rate": 0.01, "dtype": "float32", **changes})


def lost(number: int) -> Trial:
    return sound(number, learning_rate=1e30)


@pytest.mark.parametrize("execution", ["fused", "chain", "vectorized", "in_parts", "looped"])
def test_the_same_alone_and_in_a_cohort_in_every_execution(digits: Task, execution: str) -> None:
    trials = [*(sound(n) for n in range(4)), lost(7)]
    together = train(digits, NETWORKS["mlp"], trials=trials, steps=30, execution=execution)
    alone = train(digits, NETWORKS["mlp"], trials=[trials[-1]], steps=30)
    assert together.first_failure[:4] == (None,) * 4
    assert failure_of(together, 4) == failure_of(alone)
    assert together.failure_step[4] == alone.failure_step[0]


def test_every_trial_is_looked_at_once(digits: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    first_failure = watch.first_failure

    def counted(trial, task, layers):  # type: ignore[no-untyped-def]
        looked.append(trial.step)
        return first_failure(trial, task, layers)

    monkeypatch.setattr(watch, "first_failure", counted)
    train(digits, NETWORKS["mlp"], trials=[lost(n) for n in range(3)], steps=30)
    assert len(looked) == 3


def test_neither_numbers_nor_random_state_change(monkeypatch: pytest.MonkeyPatch) -> None:
    # Dropout draws in the step that is looked at; a neighbour must not notice.
    def dropped() -> nn.Module:
        return nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 1))

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets).square().mean(1)

    trials = [a_trial(0), a_trial(1, learning_rate=1e25), a_trial(2)]
    torch.manual_seed(3)
    before = torch.get_rng_state()
    looked = train(a_task(loss=loss), network_of(dropped), trials=trials)
    assert torch.equal(torch.get_rng_state(), before)
    assert looked.first_failure[1] is not None
    monkeypatch.setattr(watch.FailureWatch, "look", lambda *_, **__: {})
    plain = train(a_task(loss=loss), network_of(dropped), trials=trials)
    for name in ("loss", "metric", "grad_norm", "update_ratio"):
        np.testing.assert_array_equal(getattr(looked, name), getattr(plain, name))


def test_a_checkpoint_keeps_what_was_found(tmp_path: Path) -> None:
    # Row 5 fails in the first batch that has it; step 6 is no recorded one, so trials that fail
    # in it are still in the cohort when the training is cut off in step 7.
    inputs = X.clone()
    inputs[5] = 0.0
    calls = [0]

    def cut_off(outputs: Tensor, targets: Tensor) -> Tensor:
        calls[0] += 1
        if calls[0] == 8:
            raise KeyboardInterrupt
        return outputs[:, 0].detach()

    task = a_task(
        inputs=inputs,
        targets=inputs.sum(1, keepdim=True),
        loss=lambda o, t: (o - t).square().sum(1).sqrt(),
    )
    options: dict[str, Any] = {
        "trials": [a_trial(number, batch_size=8) for number in range(12)],
        "execution": "looped",
    }
    checkpoints = Checkpoints(folder=tmp_path, every_s=0.0)
    whole = train(task, **options)
    assert 6 in whole.failure_step
    with pytest.raises(KeyboardInterrupt):
        train(dataclasses.replace(task, metric=cut_off), checkpoints=checkpoints, **options)
    resumed = train(task, checkpoints=checkpoints, **options)
    assert None not in whole.first_failure
    assert resumed.first_failure == whole.first_failure


def test_a_loss_that_fails_when_it_is_asked_again_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = [0]

    def moody(outputs: Tensor, targets: Tensor) -> Tensor:
        asked[0] += outputs.requires_grad  # Not where a sample is looked at before training.
        # Once to see how the network is put together, once in the step, then for what failed.
        if asked[0] == 3:
            raise RuntimeError("not again")
        return squared(outputs, targets) / 0.0

    record = train(a_task(loss=moody))
    assert record.first_failure == (None,)
    assert record.failure_step[0] == 0
    assert "what failed first in step 0 is not known: RuntimeError: not again" in caplog.text


def test_the_host_does_not_wait_for_a_device_between_recorded_steps() -> None:
    watched = watch.FailureWatch(
        nn.Linear(3, 1),
        a_task(),
        (),
        precision=PRECISIONS["float32"],
        seeds=[0],
        divergence_factor=1e6,
    )
    # Of this device no number can be had: asking for one raises.
    nowhere = torch.empty(1, device="meta")
    batch = Batch(step=4, inputs_KxB=nowhere, targets_KxB=nowhere)
    execution: Any = None  # Not asked for parameters.
    assert watched.look(batch, nowhere, nowhere, nowhere, execution, may_wait=False) == {}
