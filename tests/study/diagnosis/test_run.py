"""Diagnoses by real training; what they claim is trained again, by the engine alone."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from search_spaces.errors import InputError
from search_spaces.seeds import trial_seed
from study import Diagnosis, diagnose
from study.diagnosis import Beginning, Event, FirstLook, Moment, Remedy, run
from study.diagnosis.training import train
from study.engine import NETWORKS, TASKS, Task, train_cohort
from study.preflight.configuration import preflight
from study.study_file import StudyConfig, load_study_file
from study.trial import Trial
from tests.study.diagnosis.conftest import DIGITS

SEEDS = 2
OWN = {**DIGITS, "hyperparameters": {}, "steps": 2}


@cache
def deep_sigmoid() -> Diagnosis:
    return diagnose(
        StudyConfig(**DIGITS),
        {"depth": 6, "activation": "sigmoid", "learning_rate": 0.1},
        seeds=SEEDS,
        remedies=2,
    )


def plain_metric(hyperparameters: object, seed: int) -> float:
    """Accuracy over the last 20 steps of one trial that is trained by itself."""
    trial = Trial(number=0, configuration=0, seed=seed, hyperparameters=hyperparameters)  # type: ignore[arg-type]
    record = train_cohort([trial], task=TASKS["digits"](), network=NETWORKS["mlp"], steps=80)
    return float(record.metric[0, -20:].mean())


def frozen_first(hyperparameters: object, task: Task) -> nn.Module:
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, task.outputs))
    network[1].requires_grad_(False)
    return network


def test_a_study_file_for_one_configuration_needs_no_number_of_trials(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("study: mine\ntask: digits\nnetwork: linear\nhyperparameters: {}\nsteps: 2\n")
    assert len(diagnose(file, seeds=1, remedies=0).trials) == 1
    with pytest.raises(InputError, match=r"mine.yaml: trials: is required"):
        load_study_file(file)


def mislabelled(wrong_share: float) -> Task:
    digits = TASKS["digits"]()
    generator = torch.Generator().manual_seed(0)
    wrong = torch.rand(digits.examples, generator=generator) < wrong_share
    labels = torch.where(wrong, (digits.targets + 1) % 10, digits.targets)
    return replace(digits, name="mislabelled", targets=labels)


@pytest.mark.slow
def test_what_an_own_task_takes_is_changed_too() -> None:
    lists = {**DIGITS["hyperparameters"], "wrong_share": [0.5, 0.0]}
    config = {**DIGITS, "task": f"{__name__}:mislabelled", "hyperparameters": lists}
    healthy = {"depth": 1, "activation": "relu", "learning_rate": 0.1}
    found = diagnose(
        StudyConfig(**config), {**healthy, "wrong_share": 0.5}, seeds=SEEDS, remedies=1
    )
    assert found.verdicts.get("stable", 0) == 0
    (remedy,) = found.remedies
    assert {each.hyperparameter: each.after for each in remedy.changes} == {"wrong_share": 0.0}


@pytest.mark.slow
def test_a_deep_sigmoid_network_vanishes() -> None:
    diagnosis = deep_sigmoid()
    assert diagnosis.verdicts == {"vanishing": SEEDS}
    assert [explanation.seeds for explanation in diagnosis.explanations] == [SEEDS]
    assert len(diagnosis.trials) == SEEDS and set(diagnosis.layers["layer"]) == set(range(1, 8))
    deltas = [gradient.initial for gradient in diagnosis.gradients]
    assert deltas == sorted(deltas) and deltas[0] < 1e-3 * deltas[5]


@pytest.mark.slow
def test_each_remedy_holds_when_it_is_trained_independently() -> None:
    diagnosis = deep_sigmoid()
    assert len(diagnosis.remedies) == 2
    for remedy in diagnosis.remedies:
        differing = {
            name
            for name, value in diagnosis.hyperparameters.items()
            if remedy.trained.hyperparameters.get(name) != value
        }
        assert differing == {change.hyperparameter for change in remedy.changes}
        assert remedy.trained.stable == remedy.trained.seeds == SEEDS
        for number in range(SEEDS):
            metric = plain_metric(remedy.trained.hyperparameters, trial_seed(0, number))
            assert metric >= diagnosis.trials["metric_target"].iloc[0]
            # In a cohort or alone: the same trial up to rounding, which 80 steps amplify.
            assert metric == pytest.approx(
                remedy.trained.trials["metric_final"].iloc[number], abs=0.02
            )
    before = plain_metric(diagnosis.hyperparameters, trial_seed(0, 0))
    assert before < 0.3


@pytest.mark.slow
def test_no_smaller_change_that_was_tried_works() -> None:
    diagnosis = deep_sigmoid()
    assert diagnosis.search is not None
    ways = [remedy.changes.ways for remedy in diagnosis.remedies]
    assert len(set(ways)) == len(ways)
    last = diagnosis.remedies[-1].changes
    for attempt in diagnosis.search.attempts:
        changes = attempt.changes
        before = (not changes.fix, changes.size) < (not last.fix, last.size)
        if changes.ways not in ways and before:
            assert attempt.stable < SEEDS


def test_a_stable_configuration_needs_no_change() -> None:
    events: list[Event] = []
    diagnosis = diagnose(
        StudyConfig(**DIGITS), {"depth": 2, "learning_rate": 0.1}, seeds=2, watch=events.append
    )
    assert diagnosis.verdicts == {"stable": 2}
    assert diagnosis.search is None and diagnosis.remedies == ()
    beginning, told = events
    assert isinstance(beginning, Beginning) and beginning.seeds == 2 and beginning.steps == 80
    assert told is diagnosis


@pytest.mark.slow
def test_what_is_known_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "FIRST_ALONE_S", 0.0)
    monkeypatch.setattr(run, "LOOK_S", 0.0)
    events: list[Event] = []
    settings = {"depth": 6, "activation": "sigmoid", "learning_rate": 0.1}
    diagnosis = diagnose(
        StudyConfig(**DIGITS), settings, seeds=SEEDS, remedies=1, watch=events.append
    )
    beginning, look, first, moment, both, *searching = events
    assert isinstance(beginning, Beginning) and isinstance(moment, Moment)
    assert isinstance(look, FirstLook) and (look.regime, look.time_steps) == ("vanishing", 1)
    # Before any update: what the first step of the whole training shows, too.
    (first_ratio,) = first.trials["delta_ratio_initial"]
    assert look.ratio == pytest.approx(first_ratio, rel=1e-3)
    assert isinstance(first, Diagnosis) and isinstance(both, Diagnosis)
    assert (first.trained.seeds, both.trained.seeds) == (1, 2)
    assert first.interrupted and not both.interrupted, "the first lacks a seed"
    # The same trials, whether a seed is trained alone or with others.
    assert both.trials["seed"].tolist() == deep_sigmoid().trials["seed"].tolist()
    assert both.verdicts == deep_sigmoid().verdicts
    assert any(event is diagnosis.remedies[0] for event in searching)
    rounds = [event for event in searching if isinstance(event, Moment)]
    assert rounds[0].tried == 0 and rounds[0].changes and rounds[0].seconds > 0
    assert [each.tried for each in rounds] == sorted({each.tried for each in rounds})
    last = max(number for number, event in enumerate(searching) if isinstance(event, Remedy))
    works = [each.stable for each in rounds]
    assert works[0] == 0 and works == sorted(works) and last > 0, "not all of them at the end"


def test_sharpness_is_measured_where_it_is_cheap(digits: StudyConfig) -> None:
    diagnosis = diagnose(digits, {"depth": 1, "learning_rate": 0.1}, seeds=1, steps=5, remedies=0)
    limit = diagnosis.expectation.max_learning_rate
    sharpness = diagnosis.expectation.sharpness
    assert limit is not None and sharpness is not None
    # Heavy ball: 2 (1 + momentum) / sharpness (Cohen et al. 2021, appendix B).
    assert limit.median == pytest.approx(2 * 1.9 / sharpness.median)


class Dropping(nn.Module):
    """A forward that draws numbers, so that its trials are run one after another."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.readout = nn.Linear(64, outputs)

    def forward(self, images: Tensor) -> Tensor:
        return self.readout(nn.functional.dropout(images.flatten(1), 0.1))


def dropping(hyperparameters: object, task: Task) -> nn.Module:
    return Dropping(task.outputs)


def test_seeds_that_are_trained_one_after_another_are_told_of_so() -> None:
    events: list[Event] = []
    own = {**OWN, "network": f"{__name__}:dropping"}
    diagnose(StudyConfig(**own), seeds=2, remedies=0, watch=events.append)
    assert [each.trained.seeds for each in events if isinstance(each, Diagnosis)] == [1, 2]


def test_what_a_network_freezes_is_told_before_training() -> None:
    own = {**OWN, "network": f"{__name__}:frozen_first"}
    found = diagnose(StudyConfig(**own), seeds=1, remedies=0)
    assert found.notices[0].startswith("1.weight, 1.bias of the network stay as its factory makes")


def test_configurations_in_one_call_are_trained_as_each_by_itself(digits: StudyConfig) -> None:
    checked = preflight(digits)
    settings = [{"learning_rate": 0.1}, {"depth": 1}, {"learning_rate": 0.01, "clip_norm": 1}]
    configurations = [digits.space.complete(values) for values in settings]
    together = train(checked, configurations, seeds=[5, 6], statistics="standard")
    for values, result in zip(configurations, together, strict=True):
        (alone,) = train(checked, [values], seeds=[5, 6], statistics="standard")
        assert result.hyperparameters == values
        assert result.trials["trial"].tolist() == [0, 1]
        assert result.trials["seed"].tolist() == [5, 6]
        assert result.trials["learning_rate"].tolist() == [values["learning_rate"]] * 2
        for frame in ("steps", "layers"):
            mine, its = getattr(result, frame), getattr(alone, frame)
            assert mine["trial"].tolist() == its["trial"].tolist()
        np.testing.assert_allclose(result.steps["loss"], alone.steps["loss"], rtol=1e-3)


@pytest.mark.parametrize(
    ("settings", "options", "words"),
    [
        ({"depht": 3}, {}, "did you mean 'depth'"),
        ({"depth": 0}, {}, "an integer >= 1"),
        ({"beta1": 0.9}, {}, "applies only when optimizer is adam"),
        ({}, {"seeds": 0}, "seeds >= 1"),
        ({}, {"steps": 0}, "steps"),
    ],
)
def test_bad_input_is_refused_before_training(
    digits: StudyConfig, settings: dict[str, object], options: dict[str, int], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        diagnose(digits, settings, **options)
