"""What a change is measured by: the task's metric, or one in which each label counts the same."""

from __future__ import annotations

import torch

from study import Task, classification
from study.diagnosis.search.searching import is_measured_by_label, train_changed
from study.diagnosis.training import train
from study.preflight.configuration import preflight
from study.study_file import StudyConfig

STUDY = StudyConfig(
    study="rare",
    task=f"{__name__}:defects",
    network="mlp",
    hyperparameters={"depth": 1, "width": 8, "learning_rate": 0.3},
    steps=60,
    trials=1,
)


def defects() -> Task:
    generator = torch.Generator().manual_seed(13)
    inputs = torch.randn(2000, 4, generator=generator)
    labels = (torch.arange(2000) % 50 == 0).long()
    inputs[labels == 1] += 1.5
    return classification("defects", inputs, labels, classes=2, target=0.99)


def test_class_weights_are_measured_by_a_metric_that_shows_what_they_find() -> None:
    # By accuracy weights never were a remedy: what they find of 2 % costs more of the 98 %.
    checked = preflight(STUDY)
    plain = STUDY.space.complete({})
    weighted = STUDY.space.complete({"class_weights": "balanced"})
    larger = STUDY.space.complete({"learning_rate": 0.9})
    (before,) = train(checked, [plain], seeds=(1,), statistics="minimal")
    changed = train_changed(checked, before, [larger, weighted, plain], (1,), 60)
    names = [each.metric_name for each in changed]
    assert names == ["accuracy", "balanced accuracy", "accuracy"]
    assert [each.hyperparameters for each in changed] == [larger, weighted, plain]
    assert changed[1].stable and changed[1].chance == 0.5 and changed[1].metric > 0.75
    (by_accuracy,) = train(checked, [weighted], seeds=(1,), statistics="minimal")
    assert not by_accuracy.stable and by_accuracy.metric < by_accuracy.chance


def test_weights_that_were_there_before_are_no_reason_for_another_metric() -> None:
    plain, weighted = {"class_weights": "none"}, {"class_weights": "balanced"}
    assert is_measured_by_label(plain, weighted) and is_measured_by_label({}, weighted)
    assert not is_measured_by_label(weighted, weighted) and not is_measured_by_label(plain, plain)
