"""Fresh trials in the recommended region, against studies without them and in one go."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis import confirmed_regions, load_trials, uniform_trials
from search_spaces.settling import refuted
from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.monitoring.study_result import StudyResult
from study.run.new_trials.region import Recommend
from study.tracking import NullTracker
from tests.study.commands.conftest import STUDY
from tests.support.left_behind import assert_same_study, optuna_trials

WHERE = {"learning_rate": {"low": 0.03, "high": 0.3}}
NARROW = {"depth": {"high": 1}, "learning_rate": {"low": 0.1, "high": 0.3}}


def study(trials: int = 12, confirm: int = 24, **keys: object) -> StudyConfig:
    text = STUDY.replace("width: 16", "width: 8").replace("steps: 60", "steps: 20")
    text = text.replace("trials: 12", f"trials: {trials}\nconfirm: {confirm}")
    return StudyConfig.from_text(
        text + "".join(f"{key}: {value}\n" for key, value in keys.items())
    )


class Stopping(InProcessDispatcher):
    """Is asked to stop once a trial of this number is in training."""

    def __init__(self, number: int) -> None:
        self.number = number

    def run(self, queue, train, deliver, *, stop) -> None:
        def train_and_stop(cohort):
            if any(trial.number >= self.number for trial in cohort.trials):
                stop.set()
            return train(cohort)

        super().run(queue, train_and_stop, deliver, stop=stop)


def always(promised: float) -> Recommend:
    """The wide region first; inside it the narrow one, and nothing inside that."""

    def recommend(
        trials: pd.DataFrame, within: Mapping[str, Any] | None
    ) -> Mapping[str, Any] | None:
        if within == NARROW:
            return None
        where = WHERE if within is None else NARROW
        return {"where": where, "low": promised, "box": "a region"}

    return recommend


def run(
    home: Path,
    config: StudyConfig,
    promised: float | None = 0.01,
    dispatcher: InProcessDispatcher | None = None,
) -> StudyResult:
    return run_study(
        config,
        home=home,
        dispatcher=dispatcher or InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
        recommend=None if promised is None else always(promised),
    )


def rates(trials: pd.DataFrame) -> list[float]:
    return trials["learning_rate"].tolist()


def test_a_study_ends_with_fresh_trials_in_the_region_and_goes_on_as_if_without(
    tmp_path: Path,
) -> None:
    first = run(tmp_path / "a", study())
    assert first.complete and (first.done, first.total) == (36, 36)
    again = run(tmp_path / "a", study())
    assert again.complete and again.trained == 0
    # More trials of the sampler are those that it would have had; the region has been tested.
    more = run(tmp_path / "a", study(trials=20))
    assert more.complete and (more.done, more.trained) == (44, 8)
    run(tmp_path / "b", study(trials=20), promised=None)

    trials = load_trials("small", home=tmp_path / "a")
    fresh = trials[trials["design"] == "confirming"]
    assert fresh["trial"].tolist() == list(range(12, 36))
    assert fresh["learning_rate"].between(0.03, 0.3).all() and fresh["depth"].nunique() == 2
    assert fresh["learning_rate"].nunique() == 24
    assert trials["configuration"].is_unique and trials["seed"].is_unique
    plain = load_trials("small", home=tmp_path / "b")
    assert rates(uniform_trials(trials)) == rates(plain)
    told = optuna_trials(tmp_path / "a", "small")
    assert [each.state.name for each in told] == ["COMPLETE"] * 44
    (row,) = confirmed_regions(trials).to_dict("records")
    assert (row["trials"], row["promised"], row["kept"]) == (24, 0.01, True)


@pytest.mark.slow
def test_a_study_stopped_while_it_confirms_goes_on_as_in_one_go(tmp_path: Path) -> None:
    run(tmp_path / "whole", study(12, seeds=3))
    pieces = tmp_path / "pieces"
    for number in (3, 12, 22):
        result = run(pieces, study(12, seeds=3), dispatcher=Stopping(number))
        assert result.stopped
    assert run(pieces, study(12, seeds=3)).complete
    assert_same_study(pieces, tmp_path / "whole", "small", rtol=1e-4)


def test_a_region_that_does_not_hold_is_narrowed_within_the_budget(tmp_path: Path) -> None:
    # Twenty steps are too few for most of these networks: nothing near 99 % is trained.
    result = run(tmp_path, study(), promised=0.99)
    assert result.complete
    rows = confirmed_regions(load_trials("small", home=tmp_path)).to_dict("records")
    assert [row["trials"] for row in rows][0] == 8 and sum(row["trials"] for row in rows) <= 24
    assert not rows[0]["kept"] and rows[0]["box"] == "learning rate 0.03–0.3"
    assert rows[1]["box"] == "depth at most 1, learning rate 0.1–0.3"


def test_without_a_region_or_switched_off_nothing_is_trained(tmp_path: Path) -> None:
    assert run(tmp_path / "off", study(confirm=0)).done == 12
    config = study()
    result = run_study(
        config,
        home=tmp_path / "none",
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
        recommend=lambda trials, within: None,
    )
    assert result.complete and result.done == 12
    # Switched on later, the finished study is confirmed.
    assert run(tmp_path / "off", study(confirm=9)).done == 21


@pytest.mark.parametrize(
    ("stable", "trials", "promised", "expected"),
    # 0.8^16 = 0.028, 0.79^16 = 0.023: none of 16 failing where a fifth must.
    [(0, 0, 0.9, False), (0, 16, 0.2, False), (0, 16, 0.21, True), (16, 16, 0.99, False)],
)
def test_a_promise_is_refuted_by_what_it_makes_unlikely(
    stable: int, trials: int, promised: float, expected: bool
) -> None:
    assert refuted(stable, trials, promised) is expected
