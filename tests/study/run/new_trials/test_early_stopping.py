"""A study that ends once more trials would not change its map."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis import settled_at
from search_spaces import InputError
from search_spaces.settling import MapChange
from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.run.new_trials import early_stopping
from study.study_file import StopWhen
from study.tracking import NullTracker


def config(**keys) -> StudyConfig:
    return StudyConfig(
        **{
            "study": "quiet",
            "task": "quadratic",
            "network": "linear",
            "task_options": {"eigenvalues": [1.0, 0.1]},
            "hyperparameters": {
                "learning_rate": {"low": 1e-3, "high": 10.0, "log": True},
                "batch_size": 2,
            },
            "steps": 5,
            "trials": 640,
            "sampler": "boundary",
        }
        | keys
    )


def run(config: StudyConfig, home: Path):
    notices: list[str] = []
    result = run_study(
        config,
        home=home,
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
        on_notice=notices.append,
    )
    return result, notices


@pytest.mark.slow
def test_a_study_ends_early_and_stays_ended(tmp_path: Path) -> None:
    wanted = config(stop_when={"map_change": 0.1, "every": 64, "looks": 2})
    result, notices = run(wanted, tmp_path)
    assert result.complete and not result.stopped
    assert 192 <= result.done < 640
    assert any("the map has settled: doubling" in notice for notice in notices)
    again, _ = run(wanted, tmp_path)
    assert again.complete and again.trained == 0


@pytest.mark.slow
def test_a_rule_that_is_never_met_changes_nothing(tmp_path: Path) -> None:
    rule = {"map_change": 1e-9, "every": 64, "looks": 2}
    result, _ = run(config(trials=256, stop_when=rule), tmp_path)
    assert result.done == result.total == 256 and result.settled is None


@pytest.mark.parametrize(
    ("changes", "since"),
    [
        ([0.2, 0.01, 0.01], 64),
        ([0.2, 0.01, 0.03], None),
        ([0.01, 0.03, 0.019], 128),
        ([0.01, 0.01, 0.02], None),
        ([], None),
    ],
)
def test_a_run_and_the_report_say_the_same_of_the_same_changes(
    changes: list[float], since: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # There were two definitions: a run could end "settled" whose report said it had not.
    looks = [
        MapChange(trials=64 << number, before=32 << number, change=change)
        for number, change in enumerate(changes)
    ]
    monkeypatch.setattr(early_stopping, "map_changes", lambda *args, **keys: looks)
    rule = StopWhen(map_change=0.02, every=64, looks=1)
    watch = early_stopping.MapWatch(rule, config().space, lambda: [])
    table = pd.DataFrame(looks, columns=["trials", "before", "change"])
    assert settled_at(table) == since
    assert watch.settled(known=64) is (since is not None)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (0.01, "stop_when: must be a mapping of map_change, every, looks, but got 0.01"),
        ({"every": 64}, "stop_when.map_change: is required; for example `map_change: 0.02`"),
        ({"map_change": 2}, "stop_when.map_change: must be a number > 0 and < 1, but got 2"),
        ({"map_change": 0.1, "looks": 0}, "stop_when.looks: must be an integer >= 1, but got 0"),
        (
            {"map_chnge": 0.1},
            "stop_when.map_chnge: unknown key 'map_chnge'; did you mean 'map_change'? "
            "known: every, looks, map_change",
        ),
    ],
)
def test_bad_rules(given: object, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        config(stop_when=given)
    assert str(caught.value) == problem
