"""Bad input: exit code 2, one clear line, nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.study.commands.conftest import STUDY, Gradscape

CASES = {
    "broken YAML": ("study: [small\n", ["bad.yaml", "line"]),
    "unknown key": (STUDY + "stepz: 3\n", ["stepz", "did you mean 'steps'"]),
    "unknown hyperparameter": (
        STUDY.replace("width: 16", "widht: 16"),
        ["hyperparameters.widht", "did you mean 'width'"],
    ),
    "unknown activation": (
        STUDY.replace("activation: tanh", "activation: rleu"),
        ["hyperparameters.activation", "'rleu'", "did you mean 'relu'", "softplus"],
    ),
    "low not below high": (
        STUDY.replace("low: 1.0e-3, high: 10.0", "low: 1.0, high: 0.1"),
        ["hyperparameters.learning_rate", "low < high", "1", "0.1"],
    ),
    "log range from zero": (
        STUDY.replace("low: 1.0e-3", "low: 0"),
        ["hyperparameters.learning_rate", "0"],
    ),
    "empty list": (STUDY.replace("[1, 2]", "[]"), ["hyperparameters.depth", "at least one value"]),
    "depth 0": (STUDY.replace("[1, 2]", "0"), ["hyperparameters.depth", "0"]),
    "momentum 1.5": (
        STUDY.replace("width: 16", "width: 16\n  momentum: 1.5"),
        ["hyperparameters.momentum", "1.5"],
    ),
    "trials 0": (STUDY.replace("trials: 12", "trials: 0"), ["trials", "0"]),
    "name with a slash": (
        STUDY.replace("study: small", "study: ../small"),
        ["study", "../small"],
    ),
    "unknown task": (STUDY.replace("digits", "digitz"), ["task", "did you mean 'digits'"]),
    "task that does not import": (
        STUDY.replace("task: digits", "task: nowhere.at_all:task"),
        ["task", "nowhere", "ModuleNotFoundError"],
    ),
    "batch larger than the data": (
        STUDY.replace("batch_size: 32", "batch_size: 9999"),
        ["hyperparameters.batch_size", "9999", "1797"],
    ),
    "unknown threshold": (
        STUDY + "thresholds: {vanish: 1.0}\n",
        ["thresholds", "vanish", "did you mean"],
    ),
    "address of no server": (
        STUDY + "tracking_uri: htp://mlflow:5000\n",
        ["tracking_uri", "http, https", "htp"],
    ),
    "variable that is not set": (STUDY + "storage: ${NO_SUCH_VARIABLE}\n", ["NO_SUCH_VARIABLE"]),
}


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("case", CASES)
def test_is_one_line_and_exit_code_2(
    gradscape: Gradscape, tmp_path: Path, case: str, command: str
) -> None:
    text, expected = CASES[case]
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    said = gradscape(command, path)
    assert said.code == 2, said
    assert said.out == ""
    line = said.err.strip()
    assert "\n" not in line and line.startswith("gradscape: ")
    assert str(path) in line
    for part in expected:
        assert part in line
    assert sorted(tmp_path.iterdir()) == [path]


def test_missing_file(gradscape: Gradscape, tmp_path: Path) -> None:
    said = gradscape("run", "missing.yaml")
    assert said.code == 2
    assert said.err.count("\n") == 1 and "missing.yaml" in said.err
    assert not list(tmp_path.iterdir())


OWN = """
import torch
from torch import nn

def wrong_shape(hyperparameters, task):
    return nn.Sequential(nn.Flatten(), nn.Linear(task.features, 7))

def fails(hyperparameters, task):
    raise RuntimeError("no such layer")

def fails_when_deep(hyperparameters, task):
    if hyperparameters["depth"] == 2:
        raise RuntimeError("too deep")
    return nn.Sequential(nn.Flatten(), nn.Linear(task.features, task.outputs))

def no_task():
    return 3

class Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value):
        return value * 2

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        return gradient * 2

class Doubled(nn.Linear):
    def forward(self, inputs):
        return Once.apply(super().forward(inputs.flatten(1)))

def one_derivative(hyperparameters, task):
    return Doubled(task.features, task.outputs)
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("network: own:wrong_shape", ["network", "(2, ..., 10)", "(2, 7)"]),
        ("network: own:fails", ["network", "no such layer"]),
        ("network: own:fails_when_deep", ["network", "cannot be built", "too deep"]),
        ("network: own:wrong_shap", ["network", "did you mean 'wrong_shape'"]),
        ("task: own:no_task", ["task", "must return a Task", "3"]),
        (
            "network: own:one_derivative\nstatistics: full",
            ["statistics", "differentiate twice", "choose statistics: standard"],
        ),
    ],
)
def test_own_code_that_does_not_fit(
    gradscape: Gradscape, tmp_path: Path, line: str, expected: list[str]
) -> None:
    (tmp_path / "own.py").write_text(OWN)
    key = line.split(":")[0]
    old = next(one for one in STUDY.splitlines() if one.startswith(key))
    path = tmp_path / "bad.yaml"
    path.write_text(STUDY.replace(old, line))
    said = gradscape("run", path)
    assert said.code == 2, said
    assert said.err.count("\n") == 1
    for part in expected:
        assert part in said.err
    assert not (tmp_path / "gradscape").exists()


def test_unwritable_home(gradscape: Gradscape, study_file: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = gradscape("run", study_file, "--home", tmp_path / "file" / "home")
    assert said.code == 2
    assert said.err.count("\n") == 1 and "writable" in said.err and "--home" in said.err


def test_report_of_an_unknown_study_names_the_nearest(gradscape: Gradscape) -> None:
    Path("gradscape/studies/digits-mlp/tables/trials").mkdir(parents=True)
    said = gradscape("report", "digits-mpl")
    assert said.code == 2
    assert said.err.count("\n") == 1 and "known: digits-mlp" in said.err


def test_init_does_not_overwrite(gradscape: Gradscape, tmp_path: Path) -> None:
    assert gradscape("init", "digits-mlp").code == 0
    (tmp_path / "digits-mlp.yaml").write_text("mine")
    said = gradscape("init", "digits-mlp")
    assert said.code == 2 and "exists already" in said.err
    assert (tmp_path / "digits-mlp.yaml").read_text() == "mine"
    said = gradscape("init", "digits-mpl")
    assert said.code == 2 and "did you mean 'digits-mlp'" in said.err


def test_wrong_setting_of_diagnose(gradscape: Gradscape, study_file: Path) -> None:
    said = gradscape("diagnose", study_file, "--set", "depth")
    assert said.code == 2 and "NAME=VALUE" in said.err
    said = gradscape("diagnose", study_file, "--set", "depth=zero")
    assert said.code == 2 and "depth" in said.err and said.err.count("\n") == 1
