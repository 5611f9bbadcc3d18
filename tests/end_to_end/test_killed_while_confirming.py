"""A driver that dies while fresh trials of the recommended region train, and is run again."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis import confirmed_regions, load_trials
from tests.support.driver import Command, gradscape
from tests.support.left_behind import assert_once_everywhere, assert_same_study

pytestmark = pytest.mark.slow

NETWORK = """
import time
from pathlib import Path
from torch import nn

HERE = Path(__file__).parent

class Gate(nn.Module):
    def forward(self, inputs):
        # Shut once the first confirming trials are recorded, so that none ends before the kill.
        recorded = list(HERE.glob("gradscape/studies/*/tables/trials/*.parquet"))
        while len(recorded) > 1 and not (HERE / "open").exists():
            time.sleep(0.05)
        return inputs

def gated(hyperparameters, task):
    return nn.Sequential(
        Gate(), nn.Flatten(), nn.Linear(task.features, 16), nn.Tanh(), nn.Linear(16, task.outputs)
    )
"""

STUDY = """
study: gated
task: digits
network: gated_network:gated
hyperparameters:
  initialization: orthogonal
  learning_rate: {low: 1.0e-4, high: 1.0, log: true}
  batch_size: 32
  optimizer: adam
  dtype: float64
steps: 60
trials: 32
confirm: 24
"""


def written(folder: Path) -> Path:
    folder.mkdir()
    (folder / "gated_network.py").write_text(NETWORK)
    file = folder / "gated.yaml"
    file.write_text(STUDY)
    return file


def test_killed_while_confirming_trials_train(tmp_path: Path) -> None:
    options = ("--local-mode", "--no-report")
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    file = written(whole)
    (whole / "open").touch()
    ended = gradscape("run", file, *options, folder=whole)
    assert ended.code == 0, ended

    file, home = written(broken), broken / "gradscape"
    driver = Command("run", file, *options, folder=broken)
    driver.wait_for_parts(home, 2, timeout_s=240)
    driver.kill()
    recorded = load_trials("gated", home=home).set_index("trial")
    assert (recorded["design"] == "confirming").sum() == 8
    (broken / "open").touch()
    ended = gradscape("run", file, *options, folder=broken)
    assert ended.code == 0 and "16 in this run" in ended.out, ended

    table = assert_once_everywhere(home, "gated", 32 + 24).set_index("trial")
    kept = table.loc[recorded.index, "train_seconds"]
    assert kept.tolist() == recorded["train_seconds"].tolist()
    assert_same_study(home, whole / "gradscape", "gated", rtol=1e-4)
    (region,) = confirmed_regions(table.reset_index()).to_dict("records")
    (expected,) = confirmed_regions(load_trials("gated", home=whole / "gradscape")).to_dict(
        "records"
    )
    assert region == expected and region["trials"] == 24
