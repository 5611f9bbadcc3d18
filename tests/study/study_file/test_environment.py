"""`${VAR}` reads the environment, and what it reads is shown nowhere."""

from __future__ import annotations

import traceback

import pytest

from search_spaces import InputError
from study.study_file import StudyConfig

SECRET = "hunter2'\\x"
TEXT = """\
study: s
task: digits
network: mlp
hyperparameters: {depth: [2, 4]}
steps: 10
trials: 4
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("GRADSCAPE_TEST_SECRET", SECRET)
    monkeypatch.setenv("GRADSCAPE_TEST_EMPTY", "")
    monkeypatch.setenv("GRADSCAPE_TEST_STEPS", "25")
    monkeypatch.delenv("GRADSCAPE_TEST_UNSET", raising=False)


def test_is_read_inside_a_text():
    text = TEXT + "storage: postgresql://optuna:${GRADSCAPE_TEST_SECRET}@db/optuna\n"
    config = StudyConfig.from_text(text)
    assert config.storage == f"postgresql://optuna:{SECRET}@db/optuna"
    assert type(config.storage) is str


def test_numbers_and_hyperparameters_can_be_read_too():
    text = TEXT.replace("steps: 10", "steps: ${GRADSCAPE_TEST_STEPS}")
    text = text.replace("{depth: [2, 4]}", '{depth: ["${GRADSCAPE_TEST_STEPS}", 4]}')
    config = StudyConfig.from_text(text)
    assert config.steps == 25
    assert config.space.axes["depth"].choices == (25, 4)


@pytest.mark.parametrize("name", ["UNSET", "EMPTY"])
def test_default_where_unset_or_empty(name):
    config = StudyConfig.from_text(TEXT + f"tracking_uri: ${{GRADSCAPE_TEST_{name}:-http://m}}\n")
    assert config.tracking_uri == "http://m"


def test_empty_address_is_the_default():
    assert StudyConfig.from_text(TEXT + "storage: ${GRADSCAPE_TEST_UNSET:-}\n").storage is None


def test_unset_variable_names_itself_and_its_key():
    with pytest.raises(InputError) as caught:
        StudyConfig.from_text(TEXT + "storage: x://${GRADSCAPE_TEST_UNSET}@h\n", file="f.yaml")
    assert str(caught.value) == (
        "f.yaml: storage: environment variable GRADSCAPE_TEST_UNSET is not set; "
        "got 'x://${GRADSCAPE_TEST_UNSET}@h'"
    )


@pytest.mark.parametrize("written", ["${}", "a${", "${A-B}", "${1A}"])
def test_broken_reference(written):
    with pytest.raises(InputError) as caught:
        StudyConfig.from_text(TEXT + f'storage: "{written}"\n')
    assert str(caught.value) == f"storage: `${{` must begin `${{NAME}}`, but got {written!r}"


def test_nested_keys_are_named():
    with pytest.raises(InputError, match="^hyperparameters.depth: environment variable"):
        StudyConfig.from_text(TEXT.replace("[2, 4]", '["${GRADSCAPE_TEST_UNSET}"]'))


def assert_hidden(text):
    for form in (SECRET, repr(SECRET)[1:-1], "hunter2"):
        assert form not in text


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("study: s", "study: ${GRADSCAPE_TEST_SECRET}"),
        TEXT.replace("task: digits", "task: ${GRADSCAPE_TEST_SECRET}"),
        TEXT.replace("task: digits", "task: a:${GRADSCAPE_TEST_SECRET}"),
        TEXT.replace("network: mlp", "network: ${GRADSCAPE_TEST_SECRET}"),
        TEXT.replace("steps: 10", "steps: ${GRADSCAPE_TEST_SECRET}"),
        TEXT.replace("{depth: [2, 4]}", "${GRADSCAPE_TEST_SECRET}"),
        TEXT.replace("[2, 4]", '"${GRADSCAPE_TEST_SECRET}"'),
        TEXT.replace("depth: [2, 4]", 'activation: ["${GRADSCAPE_TEST_SECRET}"]'),
        TEXT.replace("[2, 4]", '{low: "${GRADSCAPE_TEST_SECRET}", high: 3}'),
        TEXT.replace("[2, 4]", '["${GRADSCAPE_TEST_SECRET}", "${GRADSCAPE_TEST_SECRET}"]'),
        TEXT + "sampler: ${GRADSCAPE_TEST_SECRET}\n",
        TEXT + "resources: ${GRADSCAPE_TEST_SECRET}\n",
        TEXT + 'resources: {workers: "${GRADSCAPE_TEST_SECRET}"}\n',
        TEXT + "storage: postgresql://u:${GRADSCAPE_TEST_SECRET}@h\nseed: -1\n",
        TEXT + 'storage: ["${GRADSCAPE_TEST_SECRET}"]\n',
        TEXT + 'unknown: "${GRADSCAPE_TEST_SECRET}"\n',
    ],
)
def test_no_error_shows_the_value(text):
    with pytest.raises(InputError) as caught:
        StudyConfig.from_text(text)
    assert_hidden(str(caught.value))
    assert_hidden(repr(caught.value))
    assert_hidden("".join(traceback.format_exception(caught.value)))


def test_configuration_shows_references():
    text = TEXT + (
        "storage: postgresql://u:${GRADSCAPE_TEST_SECRET}@h\n"
        "tracking_uri: https://ann:${GRADSCAPE_TEST_SECRET}@mlflow\n"
    )
    config = StudyConfig.from_text(text)
    for shown in (repr(config), str(config), f"{config}", config.source_text):
        assert_hidden(shown)
        assert "${GRADSCAPE_TEST_SECRET}" in shown


class TestLiteralPassword:
    ADDRESS = "postgresql://optuna:hunter2@db/optuna"

    def test_is_refused_in_a_file(self):
        with pytest.raises(InputError) as caught:
            StudyConfig.from_text(TEXT + f"storage: {self.ADDRESS}\n", file="f.yaml")
        assert str(caught.value) == (
            "f.yaml: storage: a study file holds no password or token; write it as ${NAME} and "
            "set the environment variable, but got 'postgresql://optuna:***@db/optuna'"
        )

    def test_from_python_is_used_but_not_shown(self):
        config = StudyConfig(
            study="s",
            task="digits",
            network="mlp",
            hyperparameters={},
            steps=1,
            trials=1,
            storage=self.ADDRESS,
        )
        assert config.storage == self.ADDRESS
        assert_hidden(repr(config))
        assert_hidden(config.source_text)


def test_a_secret_as_a_hyperparameter_of_an_own_network_is_refused(monkeypatch):
    # It was stored in clear, in tables and in MLflow.
    monkeypatch.setenv("SECRET", "hunter2")
    monkeypatch.setenv("WIDTH", "8")
    values = {"study": "s", "task": "digits", "network": "own:net", "steps": 1, "trials": 1}
    for given in ("${SECRET}", ["a", "${SECRET}"]):
        with pytest.raises(InputError, match="hyperparameters.key: is stored") as refused:
            StudyConfig(**values, hyperparameters={"key": given})
        assert "hunter2" not in str(refused.value)
    StudyConfig(**values, hyperparameters={"mine": "${WIDTH}", "width": "${WIDTH}"})
