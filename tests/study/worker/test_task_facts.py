from __future__ import annotations

import pytest
import torch

from study.engine import TASKS, Task
from study.engine.tasks.data.class_weights import weighted_task
from study.worker.task_facts import task_facts


def test_the_scale_of_a_table_is_that_of_its_largest_column() -> None:
    inputs = torch.stack([torch.full((100,), 0.1), torch.full((100,), -300.0)], dim=1)
    targets = torch.full((100, 1), 5.0)
    task = Task(
        name="prices",
        inputs=inputs,
        targets=targets,
        outputs=1,
        loss=lambda outputs, targets: (outputs - targets).square().sum(1),
        metric=lambda outputs, targets: (outputs - targets).abs().sum(1),
        metric_name="error",
        chance=5.0,
        ceiling=0.0,
        target=1.0,
        loss_chance=25.0,
    )
    facts = task_facts(task)
    assert facts["input_rms"] == pytest.approx(300.0)
    assert facts["target_rms"] == pytest.approx(5.0)
    assert facts["majority_share"] is None


def test_labels_and_tokens_have_no_scale() -> None:
    digits, text = task_facts(TASKS["digits"]()), task_facts(TASKS["text"](sequence_length=8))
    assert digits["target_rms"] is None and text["input_rms"] is None
    assert digits["majority_share"] == pytest.approx(0.1, abs=0.01)


def test_where_labels_are_balanced_there_is_no_majority() -> None:
    # "always giving the most frequent answer satisfies the loss" was said of a weighted one.
    assert task_facts(weighted_task(TASKS["digits"]()))["majority_share"] is None
