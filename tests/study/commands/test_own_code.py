"""Own code that fails: one line with file and line; exit code 2 beforehand, 1 within a study."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.study.commands.conftest import Gradscape
from tests.support.repository import ROOT

MODULE = """
import dataclasses
import sys

import torch
from torch import nn

from study.engine import make_task

WHERE, passes = {where!r}, 0

def at(name):
    if name == WHERE:
        {fault}

at("import")

class Net(nn.Module):
    def __init__(self, features, outputs):
        super().__init__()
        self.linear = nn.Linear(features, outputs)

    def forward(self, inputs):
        global passes
        passes += 1
        at("forward")
        if passes > 40:
            at("a later forward")
        return self.linear(inputs.flatten(1))

def network(hyperparameters, task):
    at("factory")
    return Net(task.features, task.outputs)

def task():
    at("task")

    def loss(outputs, targets):
        at("loss")
        return nn.functional.cross_entropy(outputs, targets, reduction="none")

    def metric(outputs, targets):
        at("metric")
        return (outputs.argmax(-1) == targets).float()

    return dataclasses.replace(make_task("digits"), loss=loss, metric=metric)
"""
NETWORKS = """
import torch
from torch import nn

def lazy(hyperparameters, task):
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(8), nn.Tanh(), nn.LazyLinear(task.outputs))

class Growing(nn.Module):
    def __init__(self, features, outputs):
        super().__init__()
        self.features, self.first, self.last = features, None, nn.Linear(features, outputs)

    def forward(self, inputs):
        if self.first is None:
            self.first = nn.Linear(self.features, self.features)
        return self.last(torch.tanh(self.first(inputs.flatten(1))))

def growing(hyperparameters, task):
    return Growing(task.features, task.outputs)

def scripted(hyperparameters, task):
    return torch.jit.script(nn.Sequential(nn.Flatten(), nn.Linear(task.features, task.outputs)))
"""
STUDY = "study: s\ntask: {}\nnetwork: {}\nhyperparameters: {{learning_rate: [0.1, 0.2]}}\n"
AMOUNT = "steps: 60\ntrials: 2\n"
FAULTS = {
    "exits": ("sys.exit(0)", "it called sys.exit(0)"),
    "raises what is no Exception": ("raise type('Odd', (BaseException,), {})('x')", "Odd: x"),
    "raises two lines": ("raise ValueError('one\\ntwo')", "ValueError: one"),
    "colours a terminal": ("raise ValueError('\\x1b[31mred')", r"ValueError: \x1b[31mred"),
    "has no text": (
        "raise type('Mute', (Exception,), {'__str__': lambda self: 1 / 0})",
        "ZeroDivisionError|Mute",
    ),
}


@pytest.fixture(autouse=True)
def own_modules_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    for name in ("faulty", "nets"):
        sys.modules.pop(name, None)


def line_of(said_err: str) -> str:
    return said_err.strip().splitlines()[-1]


@pytest.mark.parametrize("where", ["import", "factory", "forward", "loss", "metric", "task"])
@pytest.mark.parametrize("fault", FAULTS)
def test_own_code_fails_before_anything_started(
    gradscape: Gradscape, tmp_path: Path, where: str, fault: str
) -> None:
    code, text = FAULTS[fault]
    source = MODULE.format(where=where, fault=code)
    (tmp_path / "faulty.py").write_text(source)
    (tmp_path / "s.yaml").write_text(STUDY.format("faulty:task", "faulty:network") + AMOUNT)
    said = gradscape("check", "s.yaml", "--file-only")
    number = source.splitlines().index(f"        {code}") + 1
    assert (said.code, said.out) == (2, ""), said
    assert said.err.count("\n") == 1 and said.err.startswith("gradscape: s.yaml: ")
    assert any(each in said.err for each in text.split("|"))
    assert f"(faulty.py, line {number}, in " in said.err
    assert not (tmp_path / "gradscape").exists()


def test_own_code_ends_the_process_itself(tmp_path: Path) -> None:
    # Exit code 0 and not a word: nothing of ours runs after it. A process that it forks may do so.
    code = "os.waitpid(pid, 0) if (pid := os.fork()) else os._exit(7); os._exit(0)"
    source = MODULE.format(where="factory", fault=code).replace("import ", "import os\nimport ", 1)
    (tmp_path / "faulty.py").write_text(source)
    (tmp_path / "s.yaml").write_text(STUDY.format("faulty:task", "faulty:network") + AMOUNT)
    said = subprocess.run(
        [sys.executable, "-m", "study", "check", "s.yaml", "--file-only"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (said.returncode, said.stdout) == (1, ""), said
    start = "gradscape: own code ended this process by os._exit(0) (faulty.py, line "
    assert said.stderr.startswith(start) and said.stderr.count("\n") == 1


def test_own_code_goes_to_another_folder(
    gradscape: Gradscape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The tables were said to lie in "tmp/...": as seen from the folder that own code had gone to.
    monkeypatch.setattr("study.run.finish.SHORT_WAIT_S", 0.5)
    source = MODULE.format(where="factory", fault="os.chdir('/')")
    (tmp_path / "faulty.py").write_text(source.replace("import ", "import os\nimport ", 1))
    (tmp_path / "s.yaml").write_text(STUDY.format("faulty:task", "faulty:network") + AMOUNT)
    said = gradscape("run", "s.yaml", "--local-mode", "--no-report")
    assert "\ntables   gradscape/studies/s/tables\n" in said.out, said


def test_called_in_a_folder_that_was_removed(gradscape: Gradscape, tmp_path: Path) -> None:
    # "Intel oneMKL FATAL ERROR: Cannot load ...": libraries look for themselves from there.
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    said = gradscape("list")
    assert said.code == 2 and said.out == "" and said.err.count("\n") == 1
    assert said.err.startswith("gradscape: the folder in which this command is called was removed")


@pytest.mark.parametrize("fault", ["exits", "raises two lines"])
def test_own_code_fails_while_it_is_trained(
    gradscape: Gradscape, tmp_path: Path, fault: str
) -> None:
    code, text = FAULTS[fault]
    (tmp_path / "faulty.py").write_text(MODULE.format(where="a later forward", fault=code))
    (tmp_path / "s.yaml").write_text(STUDY.format("faulty:task", "faulty:network") + AMOUNT)
    said = gradscape("run", "s.yaml", "--local-mode", "--no-report")
    assert said.code == 1 and "Traceback" not in said.err
    line = line_of(said.err)
    assert line.startswith("gradscape: training trials 0 and 1 failed: ")
    assert any(each in line for each in text.split("|")) and "(faulty.py, line " in line


def test_parses_arguments_at_module_level(gradscape: Gradscape, tmp_path: Path) -> None:
    (tmp_path / "faulty.py").write_text(
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--data')\n"
        "parser.parse_args()\n"
    )
    (tmp_path / "s.yaml").write_text(STUDY.format("faulty:task", "mlp") + AMOUNT)
    said = gradscape("check", "s.yaml", "--file-only")
    assert said.code == 2 and said.err.count("\n") == 1
    assert "it called sys.exit(2) after saying" in said.err
    assert '(faulty.py, line 4); a script does its work under `if __name__ == "__main__":`' in (
        said.err
    )


def test_mistyped_python(gradscape: Gradscape, tmp_path: Path) -> None:
    (tmp_path / "faulty.py").write_text("import torch\ndef task(:\n    pass\n")
    (tmp_path / "s.yaml").write_text(STUDY.format("faulty:task", "mlp") + AMOUNT)
    said = gradscape("check", "s.yaml", "--file-only")
    assert said.code == 2 and "SyntaxError" in said.err and "(faulty.py, line 2)" in said.err


def test_lazy_modules_train(gradscape: Gradscape, tmp_path: Path) -> None:
    (tmp_path / "nets.py").write_text(NETWORKS)
    (tmp_path / "s.yaml").write_text(STUDY.format("digits", "nets:lazy") + "steps: 3\ntrials: 2\n")
    assert gradscape("check", "s.yaml", "--file-only").code == 0
    said = gradscape("run", "s.yaml", "--local-mode", "--no-report")
    assert said.code == 0 and "2 of 2 trials done" in said.out


@pytest.mark.parametrize(
    ("network", "text"),
    [
        ("growing", "its forward made first.weight, first.bias; make them in __init__"),
        ("scripted", "register_forward_hook is not supported on ScriptModules"),
    ],
)
def test_a_network_that_no_engine_can_train(
    gradscape: Gradscape, tmp_path: Path, network: str, text: str
) -> None:
    """Both passed `check`, or ended in a traceback."""
    (tmp_path / "nets.py").write_text(NETWORKS)
    (tmp_path / "s.yaml").write_text(STUDY.format("digits", f"nets:{network}") + AMOUNT)
    said = gradscape("check", "s.yaml", "--file-only")
    assert said.code == 2 and said.err.count("\n") == 1 and text in said.err
