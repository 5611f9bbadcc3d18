"""Digits behind noise: what is added, and what simple estimates explain."""

from __future__ import annotations

import pytest
import torch

from study.engine import TASKS, TaskError


def test_inputs_are_digits_plus_noise_of_its_size() -> None:
    task, digits = TASKS["denoising"](noise=0.7), TASKS["digits"]()
    noise = task.inputs.flatten(1) - task.targets
    assert noise.std().item() == pytest.approx(0.7, rel=0.01)
    assert noise.mean().abs() < 0.01
    assert (
        torch.corrcoef(torch.stack([noise.flatten(), task.targets.flatten()]))[0, 1].abs() < 0.01
    )
    known = {tuple(image) for image in digits.inputs.flatten(1).tolist()}
    assert all(tuple(image) in known for image in task.targets[:50].tolist())


def test_the_metric_is_the_share_of_the_variance() -> None:
    task = TASKS["denoising"]()
    clean = task.targets.numpy()
    mean = task.targets.mean(dim=0).expand_as(task.targets)
    assert task.metric(mean, task.targets).mean().item() == pytest.approx(0, abs=1e-12)
    assert task.loss_chance == pytest.approx(clean.var(axis=0).mean())
    half = (mean + task.targets) / 2
    assert task.metric(half, task.targets).mean().item() == pytest.approx(0.75)


def test_the_target_needs_more_than_each_pixel_by_itself_and_less_than_a_linear_map() -> None:
    task = TASKS["denoising"]()
    noisy, clean = task.inputs.flatten(1), task.targets
    variance = clean.var(dim=0)
    scaled = clean.mean(dim=0) + (noisy - clean.mean(dim=0)) * variance / (variance + 1)
    design = torch.cat([noisy, torch.ones(len(noisy), 1, dtype=noisy.dtype)], dim=1)
    linear = design @ torch.linalg.lstsq(design, clean).solution
    by_pixel, by_line = (task.metric(guess, clean).mean().item() for guess in (scaled, linear))
    assert by_pixel + 0.03 < task.target < by_line - 0.03


@pytest.mark.parametrize(
    ("options", "rule"),
    [({"noise": 0.0}, "must be > 0"), ({"examples": 1}, "must be >= 2, but got 1")],
)
def test_numbers_out_of_range(options: dict[str, float], rule: str) -> None:
    with pytest.raises(TaskError, match=rule):
        TASKS["denoising"](**options)
