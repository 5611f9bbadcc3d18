"""Chirps: what sounds when, and what is known without hearing."""

from __future__ import annotations

import pytest
import torch
from scipy.optimize import minimize

from study.engine import TASKS, TaskError


def test_each_chirp_sounds_for_six_frames_of_its_own_and_moves_as_it_should() -> None:
    task = TASKS["chirps"](noise=0.0, examples=300)
    assert task.inputs.shape == (300, 24, 10)
    begins = set()
    for spectra, word in zip(task.inputs, task.targets.tolist(), strict=True):
        for place, label in enumerate(word):
            frames = spectra[8 * place : 8 * place + 8]
            (sounding,) = (frames.sum(dim=1) > 0).nonzero().T.tolist()
            assert sounding == list(range(sounding[0], sounding[0] + 6))
            begins.add(sounding[0])
            band = frames[sounding].argmax(dim=1)
            first, last = {1: (1, 8), 2: (8, 1), 3: (2, 2), 4: (7, 7)}[label]
            assert (band[0], band[-1]) == (first, last)
    assert begins == {0, 1, 2}


def test_noise_has_its_size() -> None:
    clean, noisy = (TASKS["chirps"](noise=noise).inputs for noise in (0.0, 0.3))
    assert (noisy - clean).std().item() == pytest.approx(0.3, rel=0.01)


def test_by_chance_is_the_best_that_says_the_same_at_each_frame() -> None:
    task = TASKS["chirps"](sounds=2)
    some = task.targets[:400]

    def loss(logits: list[float]) -> float:
        outputs = torch.tensor(logits, dtype=torch.float64).expand(len(some), 16, -1)
        return float(task.loss(outputs, some).mean())

    best = minimize(loss, [0.0] * 5, method="Nelder-Mead", options={"maxfev": 1500})
    assert task.loss_chance == pytest.approx(best.fun, rel=0.01)
    deaf = torch.zeros(len(some), 16, 5)
    assert task.metric(deaf, some).mean() == task.chance == 0


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"noise": -1.0}, "must be >= 0"),
        ({"sounds": 0}, "must be >= 1, but got 0"),
        ({"examples": 1}, "must be >= 2, but got 1"),
    ],
)
def test_numbers_out_of_range(options: dict[str, float], rule: str) -> None:
    with pytest.raises(TaskError, match=rule):
        TASKS["chirps"](**options)
