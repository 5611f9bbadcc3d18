"""The study file's key `task_options`, from the text to what a study is known by."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from search_spaces import InputError
from study.run.study_description import describe, differences
from study.study_file import StudyConfig, load_study_file

TEXT = """\
study: s
task: mine:rows
network: mlp
hyperparameters: {depth: [2, 4]}
steps: 10
trials: 4
"""
SECRET = "hunter2"


def with_options(options: str) -> StudyConfig:
    return StudyConfig.from_text(f"{TEXT}task_options: {options}\n")


def test_plain_values_of_any_depth() -> None:
    config = with_options("{folder: data, examples: 100, eigenvalues: [1, 0.5], more: {a: [b]}}")
    assert config.task_options == {
        "folder": "data",
        "examples": 100,
        "eigenvalues": [1, 0.5],
        "more": {"a": ["b"]},
    }


@pytest.mark.parametrize("options", ["", "{}", "{file: }"])
def test_nothing_keeps_the_functions_defaults(options: str) -> None:
    assert with_options(options).task_options == {}
    assert "task_options" not in describe(with_options(options))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("[1]", "task_options: must be a mapping of names to values, but got [1]"),
        ("mnist", "task_options: must be a mapping of names to values, but got 'mnist'"),
        (
            "{scale: [1, .nan]}",
            "task_options.scale: must be text, a number, true or false, or a list or mapping of "
            "these, but got [1, nan]",
        ),
    ],
)
def test_what_cannot_be_kept_with_a_study(options: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        with_options(options)
    assert str(caught.value) == message


def test_the_same_rules_from_python() -> None:
    values = {"study": "s", "task": "digits", "network": "mlp", "hyperparameters": {}}
    with pytest.raises(InputError, match="^task_options.when: must be text, a number"):
        StudyConfig(**values, steps=1, trials=1, task_options={"when": datetime.date.today()})


class TestEnvironment:
    @pytest.fixture(autouse=True)
    def environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GRADSCAPE_TEST_SECRET", SECRET)

    def test_is_read_but_kept_as_written(self) -> None:
        config = with_options('{folder: "${GRADSCAPE_TEST_SECRET}/a", parts: ["${HOME}"]}')
        assert config.task_options["folder"] == f"{SECRET}/a"
        written = {"folder": "${GRADSCAPE_TEST_SECRET}/a", "parts": ["${HOME}"]}
        assert config.written_task_options == written
        assert describe(config)["task_options"] == written
        for shown in (repr(config), config.source_text, str(describe(config))):
            assert SECRET not in shown

    def test_unset_variable_names_its_key(self) -> None:
        with pytest.raises(InputError, match="^task_options.folder: environment variable NO_SUCH"):
            with_options("{folder: '${NO_SUCH_VARIABLE}'}")


def test_other_options_are_another_study() -> None:
    one = describe(with_options("{examples: 100, folder: data}"))
    other = describe(with_options("{examples: 200, folder: data, scale: 2}"))
    assert differences(one, one) == []
    assert differences(one, other) == [
        "task_options.examples: was 100, now 200",
        "task_options.scale: was absent, now 2",
    ]
    plain = describe(StudyConfig.from_text(TEXT))
    assert differences(plain, one) == [
        "task_options.examples: was absent, now 100",
        "task_options.folder: was absent, now data",
    ]


def test_paths_begin_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "s.yaml").write_text(TEXT)
    config = load_study_file("studies/s.yaml")
    assert config.folder == tmp_path / "studies"
    assert config.with_steps(5).folder == tmp_path / "studies"
    assert StudyConfig.from_text(TEXT).folder == tmp_path


def test_other_steps_are_the_same_study_otherwise() -> None:
    config = with_options("{examples: 100}")
    shorter = config.with_steps(3)
    assert shorter.steps == 3 and config.steps == 10
    assert shorter.model_dump(exclude={"steps"}) == config.model_dump(exclude={"steps"})
    with pytest.raises(InputError, match="steps: must be an integer >= 1, but got 0"):
        config.with_steps(0)
