"""What is refused before anything is started, and what is estimated from the study file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from search_spaces.errors import InputError
from study import StudyConfig
from study.preflight.configuration import preflight
from tests.study.commands.conftest import STUDY


def checked(extra: str = "", *, before: str = "", after: str = ""):
    assert before in STUDY
    return preflight(StudyConfig.from_text(STUDY.replace(before, after) + extra))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("batch_size: 32", "batch_size: [32, 5000]", "`batch_size <= examples` must hold"),
        ("batch_size: 32", "batch_size: {low: 8, high: 5000}", "`batch_size <= examples` must"),
        ("width: 16", "width: 16\n  image_size: 8", "image_size"),
        ("trials: 12", "trials: 12\nthresholds: {vanishing: 1}", "thresholds"),
        ("task: digits", "task: no_such_module:task", "no_such_module"),
        ("network: mlp", "network: json:no_such_factory", "no_such_factory"),
    ],
)
def test_what_cannot_be_trained_is_refused_by_the_key_that_says_so(
    before: str, after: str, said: str
) -> None:
    with pytest.raises(InputError) as refused:
        checked(before=before, after=after)
    assert said in str(refused.value)


def test_the_file_of_what_is_refused_is_named(tmp_path: Path) -> None:
    from study.study_file import load_study_file

    file = tmp_path / "small.yaml"
    file.write_text(STUDY.replace("batch_size: 32", "batch_size: 5000"))
    with pytest.raises(InputError) as refused:
        preflight(load_study_file(file))
    assert str(refused.value).startswith(f"{file}: hyperparameters.batch_size: ")


@pytest.mark.parametrize(
    ("storage", "tracking", "same"),
    [
        ("postgresql://ann@db/gradscape", "postgresql://bob@DB/gradscape", True),
        ("postgresql+psycopg2://ann@db/gradscape", "postgresql://ann@db/gradscape", True),
        ("postgresql://ann@db/gradscape", "postgresql://ann@db/mlflow", False),
        ("postgresql://ann@db/gradscape", "http://db/gradscape", False),
    ],
)
def test_optuna_and_mlflow_need_a_data_base_each(storage: str, tracking: str, same: bool) -> None:
    # Both keep a table alembic_version, and each fails on the other's.
    extra = f"storage: {storage}\ntracking_uri: {tracking}\n"
    if not same:
        checked(extra)
        return
    with pytest.raises(InputError, match="a data base each"):
        checked(extra)


def test_the_cost_grows_with_steps_and_depth_and_is_the_same_for_what_is_fusible() -> None:
    short, long = checked(), checked(before="steps: 60", after="steps: 120")
    shallow, deep = (dict(values) for values in _depths(short))
    assert long.work(shallow) == 2 * short.work(shallow)
    assert short.work(deep) > short.work(shallow) > 0
    assert short.seconds(deep) > short.seconds(shallow) > 0
    assert short.cost(shallow) is short.cost({**shallow, "learning_rate": 0.5})


def _depths(made):
    corners = {values["depth"]: values for values in made.config.space.corners()}
    return [corners[1], corners[2]]


def test_trying_a_study_file_leaves_random_numbers_as_they_were() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    checked("statistics: full\n")
    assert torch.equal(torch.rand(3), expected)


def test_a_configuration_between_the_corners_is_checked_too() -> None:
    made = checked()
    inside = dict(next(iter(made.config.space.corners())))
    made.check(inside)
    with pytest.raises(InputError, match="`batch_size <= examples` must hold, but got 9999"):
        made.check({**inside, "batch_size": 9999})


def test_workers_that_hold_gpus_and_train_on_the_cpu_are_told_of() -> None:
    assert checked().notices == []
    (notice,) = checked("resources: {gpus_per_worker: 1, device: cpu}\n").notices
    assert "holds 1 GPUs and trains on the CPU" in notice
