"""Trials that a rule says are decided leave their cohort, and nobody else notices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from study.engine import NETWORKS, Checkpoints, CohortRecord, Task, train_cohort
from study.trial import Trial
from tests.study.engine.conftest import make_trial
from tests.study.engine.test_checkpoint import CutOff, assert_identical, cut_off_after

STEPS = 40


class EvenTrials:
    """Decides trials of even number at step 21, and lets number 4 go on."""

    name = "even trials"

    def __init__(self) -> None:
        self.seen: list[tuple[int, list[int]]] = []

    def decided(self, so_far: CohortRecord, alive: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        ran = int(so_far.steps_run[alive[0]])
        self.seen.append((ran, alive.tolist()))
        assert np.isfinite(so_far.loss[alive, :ran]).all()
        assert np.isnan(so_far.loss[alive, ran:]).all()
        return np.array([ran == 22 and so_far.trials[k].number % 2 == 0 for k in alive])

    def goes_on(self, trial: Trial) -> bool:
        return trial.number == 4


def trials() -> list[Trial]:
    return [make_trial(number, learning_rate=0.05, clip_norm=1.0) for number in range(6)]


def train(task: Task, **options: object) -> CohortRecord:
    return train_cohort(trials(), task=task, network=NETWORKS["mlp"], steps=STEPS, **options)


def test_decided_trials_end_and_the_others_go_on_as_if_alone(digits: Task) -> None:
    rule = EvenTrials()
    whole, ended = train(digits), train(digits, stop=rule)
    assert ended.steps_run.tolist() == [22, 40, 22, 40, 40, 40]
    assert ended.decided_step.tolist() == [21, -1, 21, -1, 21, -1]
    assert whole.decided_step.tolist() == [-1] * 6
    for k, ran in enumerate(ended.steps_run):
        np.testing.assert_allclose(ended.loss[k, :ran], whole.loss[k, :ran], rtol=1e-4)
        assert np.isnan(ended.loss[k, ran:]).all()
    # A decided trial is not asked about again, nor anybody after the last step.
    assert rule.seen[-1] == (35, [1, 3, 5])


@pytest.mark.parametrize("calls", [30, 38])
def test_a_checkpoint_knows_who_was_decided(digits: Task, tmp_path: Path, calls: int) -> None:
    # A metric of one's own is trained in torch: what is compared to the bit goes one way.
    counted = cut_off_after(digits, 10**6)
    expected = train(counted, stop=EvenTrials())
    checkpoints = Checkpoints(folder=tmp_path, every_s=0.0)
    with pytest.raises(CutOff):
        train(cut_off_after(digits, calls), stop=EvenTrials(), checkpoints=checkpoints)
    assert_identical(train(counted, stop=EvenTrials(), checkpoints=checkpoints), expected)
