"""Columns that say where a trial went wrong."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from study.engine import Task, train_cohort
from study.tables import StudyMetadata
from study.trial import Trial
from study.verdicts import DEFAULT
from study.worker.failure_columns import rise_step
from study.worker.rows import cohort_tables


@pytest.mark.parametrize(
    ("loss", "chance", "step"),
    [
        ([2.0, 1.0, 9.0, 1.0, 7.0, 60.0], 2.0, 4),  # One high loss that comes back is no rise.
        ([2.0, 1.0, 0.5], 2.0, None),
        ([2.0, 1.0, np.inf], 2.0, 2),
        ([np.nan], 2.0, 0),
        ([0.01, 1.0, 3.0, 2.0], 2.3, None),  # The first batch was easy, the others ordinary.
        ([-5.0, -6.0, -4.0, 20.0], -1.0, 3),
    ],
)
def test_the_rise_is_the_last_one(loss: list[float], chance: float, step: int | None) -> None:
    assert rise_step(np.array(loss), chance) == step


def test_the_tables_say_what_was_first(tmp_path) -> None:
    inputs = torch.randn(64, 3, generator=torch.Generator().manual_seed(1))
    inputs[[5, 40]] = 0.0
    task = Task(
        name="sums",
        inputs=inputs,
        targets=inputs.sum(1, keepdim=True),
        outputs=1,
        loss=lambda o, t: (o - t).square().sum(1).sqrt(),
        metric=lambda o, t: o[:, 0],
        metric_name="output",
        chance=0.0,
        ceiling=1.0,
        target=0.9,
        loss_chance=1.0,
    )
    trial = Trial(
        number=0,
        configuration=0,
        seed=0,
        hyperparameters={
            "batch_size": 64,
            "learning_rate": 0.1,
            "optimizer": "sgd",
            "initialization": "torch_default",
        },
    )
    fine = dataclasses.replace(task, loss=lambda o, t: (o - t).square().sum(1))
    metadata = StudyMetadata(
        study="s", task="sums", network="linear", hyperparameters={}, metric="output"
    )

    def row(task: Task):  # type: ignore[no-untyped-def]
        record = train_cohort(
            [trial],
            task=task,
            network=lambda values, task: torch.nn.Linear(3, 1, bias=False),
            steps=5,
        )
        tables = cohort_tables(record, task=task, metadata=metadata, thresholds=DEFAULT)
        return tables.trials.to_pandas().iloc[0]

    failed, sound = row(task), row(fine)
    assert failed.failure_step == 0
    assert failed.failure_origin == "loss_gradient"
    assert failed.failure_detail.startswith(
        "the derivative of sqrt at 0 for 2 of 64 examples (rows 5, 40); add a small number"
    )
    assert 0 < failed.failure_output < 10
    assert failed.cause == "loss_function"
    assert failed.failure_detail in failed.explanation
    assert sound[["failure_origin", "failure_detail", "failure_output"]].isna().all()
