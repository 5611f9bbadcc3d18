"""The benchmark of reported failures: its situations are sound, and it says what happened."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from study.verdicts import Cause
from tests.support.repository import BENCHMARKS

if str(BENCHMARKS) not in sys.path:
    sys.path.append(str(BENCHMARKS))

from reported_situations import SITUATIONS, Situation, is_fix

ELSEWHERE = (Cause.DATA, Cause.UNKNOWN)
"""Data that cannot be trained on is refused before."""

CAUSES = {cause.value for cause in Cause} - {cause.value for cause in ELSEWHERE}


def test_every_cause_has_three_situations_of_its_own_and_one_in_each_set() -> None:
    named = [each for each in SITUATIONS if each.cause != Cause.UNKNOWN.value]
    of_each = Counter(each.cause for each in named)
    assert set(of_each) == CAUSES
    assert {cause: n for cause, n in of_each.items() if n < 3} == {}
    assert {(each.cause, each.set) for each in named} == {
        (cause, which) for cause in CAUSES for which in ("choose", "report")
    }
    assert len({each.name for each in SITUATIONS}) == len(SITUATIONS)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.name)
def test_a_situation_and_its_twin_are_study_files_that_differ(situation: Situation) -> None:
    assert {*situation.also} <= CAUSES | {Cause.UNKNOWN.value}
    broken, twin = situation.config(), situation.config(twin=True)
    values = broken.space.complete(situation.settings)
    healthy = twin.space.complete(situation.twin_settings)
    differs = values != healthy or broken.task_options != twin.task_options
    assert differs or broken.steps != twin.steps or not situation.has_twin
    assert situation.has_twin or situation.cause == Cause.NONE.value
    if situation.fix:
        assert is_fix(values, healthy, situation.fix)
        assert not is_fix(values, values, situation.fix)


@pytest.mark.parametrize(
    ("before", "after", "fix", "right"),
    [
        ({"learning_rate": 0.1}, {"learning_rate": 0.03}, {"learning_rate": 0.001}, True),
        ({"learning_rate": 0.1}, {"learning_rate": 0.3}, {"learning_rate": 0.001}, False),
        ({"clip_norm": 1e-4}, {"clip_norm": 0.1}, {"clip_norm": "none"}, True),
        ({"clip_norm": "none"}, {"clip_norm": 10.0}, {"clip_norm": 1.0}, True),
        ({"clip_norm": 0.1}, {"clip_norm": 0.01}, {"clip_norm": "none"}, False),
        ({"squash": "relu"}, {"squash": "tanh"}, {"squash": "tanh"}, True),
        ({"squash": "relu"}, {"squash": "elu"}, {"squash": "tanh"}, False),
        ({}, {"standardize": "both"}, {"standardize": "both"}, True),
        ({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 2, "b": 2}, False),
        ({"steps": 10}, {"steps": 100}, {"steps": 300}, True),
    ],
)
def test_a_remedy_is_the_fix_where_it_goes_the_same_way(
    before: dict[str, object], after: dict[str, object], fix: dict[str, object], right: bool
) -> None:
    assert is_fix(before, after, fix) is right


@pytest.mark.slow
def test_the_benchmark_names_causes_and_spares_the_twins(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    options = ("--causes-only", "--twins", "--seeds", "2", "--jobs", "1", "--json", str(kept))
    done = subprocess.run(
        [
            sys.executable,
            str(BENCHMARKS / "reported_failures.py"),
            *options,
            *("--only", "line_too_fast", "root_of_zero"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "cause named by most seeds                   2 of 2 (100%)" in done.stdout
    rows = json.loads(kept.read_text("utf-8"))
    assert rows["line_too_fast"]["broken"]["causes"] == {"large_steps": 2}
    assert rows["root_of_zero"]["broken"]["causes"] == {"loss_function": 2}
    assert rows["line_too_fast"]["twin"]["verdicts"] == {"stable": 2}
