from __future__ import annotations

import pytest

from search_spaces.errors import InputError
from study.jobs.passed_environment import passed_environment


def test_variables_of_mine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking:5000")
    monkeypatch.setenv("DATA", "")
    found = passed_environment(["MLFLOW_TRACKING_URI", "DATA"])
    assert found == {"MLFLOW_TRACKING_URI": "http://tracking:5000", "DATA": ""}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PGPASSWORD", "x"),
        ("MLFLOW_TRACKING_PASSWORD", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("OPENAI_API_KEY", "x"),
        ("HF_TOKEN", "x"),
        ("db_passwd", "x"),
        ("STORAGE", "postgresql://ann:hunter2@db/studies"),
        ("DSN", "host=db&password=hunter2"),
    ],
)
def test_what_looks_like_a_secret_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError) as caught:
        passed_environment([name])
    said = str(caught.value)
    assert said.startswith(f"--env: {name} looks like a secret, and Ray shows a job's variables")
    assert f"or pass it all the same with --env-visible {name}" in said
    assert "hunter2" not in said
    assert passed_environment([], [name]) == {name: value}
    assert passed_environment([name], [name]) == {name: value}


@pytest.mark.parametrize("name", ["KEYBOARD", "MONKEY", "PASSENGERS", "AUTHOR", "DATA_DIR"])
def test_what_does_not(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "/data")
    assert passed_environment([name]) == {name: "/data"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("PASSWORD=hunter2", "must be the name of an environment variable, without a value"),
        ("NOT_SET_ANYWHERE", "environment variable NOT_SET_ANYWHERE is not set"),
        ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN is the cluster's own; a job finds it there"),
        ("PATTERN", "the value of PATTERN must hold no \\$: Ray would replace variables in it"),
    ],
)
def test_what_cannot_be_passed(monkeypatch: pytest.MonkeyPatch, name: str, message: str) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "hunter2")
    monkeypatch.setenv("PATTERN", "^hunter2$")
    for arguments in ([name], []), ([], [name]):
        with pytest.raises(InputError, match=message) as caught:
            passed_environment(*arguments)
        assert "hunter2" not in str(caught.value)
