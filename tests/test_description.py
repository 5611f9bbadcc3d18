"""What a study file may change of a study that exists."""

from __future__ import annotations

from study.description import describe, differences
from study.study_file import StudyConfig


def config(**changes: object) -> StudyConfig:
    values: dict[str, object] = {
        "study": "s",
        "task": "digits",
        "network": "mlp",
        "hyperparameters": {"depth": [2, 4]},
        "steps": 10,
        "trials": 8,
    }
    return StudyConfig(**{**values, **changes})


def test_statistics_are_part_of_what_a_study_is() -> None:
    standard, minimal = describe(config()), describe(config(statistics="minimal"))
    assert differences(standard, describe(config(statistics="standard"))) == []
    assert differences(standard, minimal) == ["statistics: was standard, now minimal"]


def test_studies_from_before_there_were_statistics_were_standard() -> None:
    old = describe(config())
    del old["statistics"]
    assert differences(old, describe(config())) == []
    full = describe(config(statistics="full"))
    assert differences(old, full) == ["statistics: was standard, now full"]


def test_more_trials_are_the_same_study() -> None:
    assert differences(describe(config()), describe(config(trials=16))) == []
