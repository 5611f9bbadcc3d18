"""Trials that are trained one after another are timed, because their arithmetic does not tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from study.preflight.configuration import preflight
from study.preflight.timing import slowness, trial_times
from study.study_file import StudyConfig

BURNT_S = 0.02

CODE = f"""
import time
from torch import nn

class Slow(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.readout = nn.Linear(64, outputs)

    def forward(self, x):
        until = time.process_time() + {BURNT_S}
        while time.process_time() < until:
            pass
        return self.readout(x.flatten(1)) * (1 if float(x.sum()) < 1e9 else 0)

def net(hyperparameters, task):
    return Slow(task.outputs)
"""


def test_a_network_that_is_slower_than_its_arithmetic_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_net.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    text = "{{study: s, task: digits, network: '{}', trials: 4, steps: 50, hyperparameters: {}}}"
    file = text.format("slow_net:net", "{learning_rate: [0.1, 0.2]}")
    checked = preflight(StudyConfig.from_text(file), code=[tmp_path])
    corners = list(checked.config.space.corners())
    factor = slowness(checked, corners)
    assert factor is not None and checked.trains_apart(corners[0])
    # One forward pass a step: the CPU time of 50 steps is that of the loop in it.
    seconds = factor * checked.seconds(corners[0])
    assert 50 * BURNT_S * 0.8 < seconds < 50 * BURNT_S * 3
    times = trial_times(checked, [(corners[0], 4)])
    assert times.apart is not None and times.all_trials == pytest.approx(4 * times.apart)

    together = preflight(StudyConfig.from_text(text.format("mlp", "{depth: [1, 2]}")))
    assert slowness(together, together.config.space.corners()) is None
