"""A study that is carried to larger sizes: its trials, its report, and what breaks it off."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis import load_trials, write_report
from analysis.maps.edge_scaling import edge_window
from search_spaces import InputError
from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.monitoring.study_result import StudyResult
from study.run.scaling import run_scaled
from study.tracking import NullTracker

NAME = "carried"
STUDY: dict[str, Any] = {
    "study": NAME,
    "task": "digits",
    "network": "mlp",
    "hyperparameters": {
        "depth": 2,
        "width": [8, 16],
        "batch_size": 16,
        "learning_rate": {"low": 0.003, "high": 30.0, "log": True},
    },
    "steps": 20,
    "trials": 48,
    "statistics": "minimal",
    "scaling": {"axis": "width", "sizes": [32, 64], "trials": 16},
}


def train(home: Path, config: StudyConfig) -> StudyResult:
    return run_study(
        config,
        home=home,
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
    )


def carry(home: Path, most: int = 9, **changes: Any) -> pd.DataFrame:
    """Runs it until so many runs were begun; returns its trials."""
    begun: list[int] = []

    def run(config: StudyConfig, last: bool) -> StudyResult:
        if len(begun) == most:
            raise KeyboardInterrupt
        begun.append(config.trials)
        return train(home, config)

    tables = home / "studies" / NAME / "tables"
    read = partial(load_trials, NAME, home=home)
    with suppress(KeyboardInterrupt):
        run_scaled(
            StudyConfig(**{**STUDY, **changes}),
            run,
            lambda: read() if tables.is_dir() else pd.DataFrame(),
            edge_window,
        )
    return read()


@pytest.mark.slow
def test_larger_sizes_are_tried_where_the_edge_may_be(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trials = carry(tmp_path)
    assert "larger sizes are not trained" not in caplog.text
    assert trials["width"].value_counts().to_dict().keys() == {8, 16, 32, 64}
    assert (trials["width"].to_numpy()[48:] == [32] * 16 + [64] * 16).all()
    for size in (32, 64):
        window = edge_window(trials[trials["width"] < size], "width", size)
        assert window is not None
        rates = trials.loc[trials["width"] == size, "learning_rate"]
        assert rates.between(window[0] * 0.999, window[1] * 1.001).all()
    page = write_report(NAME, home=tmp_path, out=tmp_path / "report").parent
    text = (page / "report.md").read_text(encoding="utf-8")
    assert "How does the edge move with scale?" in text
    assert "the edge at width 64 was to be" in text
    assert "At width 128, which was not trained" in text
    assert len(pd.read_csv(page / "scaling.csv")) == 4

    again = carry(tmp_path)
    pd.testing.assert_frame_equal(again, trials)
    broken = tmp_path / "broken"
    carry(broken, most=2)
    resumed = carry(broken)
    columns = ["trial", "width", "learning_rate", "seed", "verdict", "loss_final"]
    pd.testing.assert_frame_equal(resumed[columns], trials[columns])

    with pytest.raises(InputError, match="larger sizes were trained behind it"):
        carry(tmp_path, trials=64)


def test_mapped_sizes_get_more_trials_where_their_own_edge_is(tmp_path: Path) -> None:
    scaling = {**STUDY["scaling"], "refine": 16, "sizes": [32]}
    trials = carry(tmp_path, scaling=scaling)
    assert trials["width"].tolist()[48:] == [8] * 16 + [16] * 16 + [32] * 16
    mapped = trials[:48]
    for size, first in ((8, 48), (16, 64)):
        window = edge_window(mapped[mapped["width"] == size], "width", size)
        assert window is not None
        rates = trials["learning_rate"][first : first + 16]
        assert rates.between(window[0] * 0.999, window[1] * 1.001).all()
    window = edge_window(trials[:80], "width", 32)
    assert window is not None
    assert trials["learning_rate"][80:].between(window[0] * 0.999, window[1] * 1.001).all()

    pd.testing.assert_frame_equal(carry(tmp_path, scaling=scaling), trials)
    with pytest.raises(InputError, match="the map has its 48 trials, and larger sizes were"):
        carry(tmp_path, trials=64, scaling=scaling)


@pytest.mark.slow
def test_broken_off_anywhere_it_goes_on_as_in_one_go(tmp_path: Path) -> None:
    scaling = {**STUDY["scaling"], "refine": 16, "sizes": [32]}
    trials = carry(tmp_path / "whole", scaling=scaling)
    columns = ["trial", "width", "learning_rate", "seed", "verdict", "loss_final"]
    for most in (1, 2, 3):
        broken = tmp_path / f"broken-{most}"
        carry(broken, most=most, scaling=scaling)
        resumed = carry(broken, scaling=scaling)
        pd.testing.assert_frame_equal(resumed[columns], trials[columns])


def test_a_size_without_an_edge_is_refined_over_all_learning_rates(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    low = {**STUDY["hyperparameters"], "learning_rate": {"low": 1e-6, "high": 1e-5, "log": True}}
    scaling = {**STUDY["scaling"], "refine": 4}
    trials = carry(tmp_path, scaling=scaling, hyperparameters=low, trials=8, steps=2)
    assert "width 8: its trials do not bracket a largest stable learning rate; 4 more" in (
        caplog.text
    )
    assert "no trials at width 32: the sizes below it do not bracket" in caplog.text
    assert trials["width"].tolist()[8:] == [8] * 4 + [16] * 4
    assert trials["learning_rate"].between(1e-6, 1e-5).all()


def test_a_run_of_the_map_alone_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    train(tmp_path, StudyConfig(**{**STUDY, "trials": 4, "steps": 1}))
    assert "larger sizes are not trained: `scaling` needs `gradscape run`" in caplog.text


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"axis": "heads"}, "scaling.axis: unknown axis 'heads'; known: "),
        ({"axis": "depth"}, "scaling.axis: depth must be a list of at least two sizes"),
        ({"sizes": [16, 32]}, "scaling.sizes: must go up from above 16, the largest width that"),
        ({"sizes": [64, 32]}, "scaling.sizes: must go up"),
        ({"sizes": []}, "scaling.sizes: must be a list of integers >= 1"),
        ({"refine": -1}, "scaling.refine: must be an integer >= 0, but got -1"),
        ({"trials": 4}, "scaling.trials: must be an integer >= 16, but got 4"),
    ],
)
def test_bad_scaling(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError) as caught:
        StudyConfig(**{**STUDY, "scaling": {**STUDY["scaling"], **given}})
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"confirm": 8, "scaling": {**STUDY["scaling"], "refine": 16}},
            "scaling.refine: goes without confirm, whose trials would come before, but confirm is",
        ),
        ({"sampler": "boundary"}, "scaling: goes with sampler qmc or random, but sampler is bou"),
        (
            {"hyperparameters": {**STUDY["hyperparameters"], "learning_rate": 0.1}},
            "scaling: needs a range of the learning_rate",
        ),
    ],
)
def test_what_cannot_be_carried(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError) as caught:
        StudyConfig(**{**STUDY, **changes})
    assert str(caught.value).startswith(problem)
