"""The benchmark of false alarms and recall, at a small size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import BENCHMARKS

BENCHMARK = BENCHMARKS / "calibration.py"
HEALTHY = [
    "he-relu",
    "clipped-momentum",
    "catapult",
    "quadratic",
    "lstm-adding",
    "he-relu-stopped",
]
SICK = ["deep-sigmoid", "gain-tanh-rnn", "he-relu-x100", "clipped-x100", "tiny-steps"]


@pytest.mark.slow
def test_no_alarm_on_healthy_families_and_all_sick_ones_caught(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            str(BENCHMARK),
            *HEALTHY,
            *SICK,
            *("--trials", "2", "--home", str(tmp_path), "--json"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    printed = json.loads(done.stdout)
    by_family = {row["family"]: row for row in printed["confusion"]}
    assert set(by_family) == {*HEALTHY, *SICK}
    wrong = [
        name
        for name, row in by_family.items()
        if row["right"] != row["trials"] or not row["trials"]
    ]
    assert wrong == []
    rules = {row["rule"]: row for row in printed["rules"]}
    # Published rules on the same trials; AutoTrainer's looks at whether training failed.
    assert rules["autotrainer.vanishing_gradient"]["alarms_healthy"] == 0
    assert rules["sagemaker.loss_not_decreasing"]["alarms_healthy"] > 0
