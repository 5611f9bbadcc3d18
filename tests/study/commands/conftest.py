from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from study import StudyConfig, run_study
from study.commands.app import main
from study.dispatch import InProcessDispatcher
from study.tracking import NullTracker


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Gradscape = Callable[..., Said]


@pytest.fixture
def gradscape(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Gradscape:
    """Runs a command as the console script does, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GRADSCAPE_HOME", raising=False)

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["gradscape", *(str(one) for one in arguments)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return Said(code=code, out=printed.out, err=printed.err)

    return run


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file below, to see that nothing has changed."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def train_in_process(study: str, *, home: Path) -> None:
    """Runs a study file's text in this process, without MLflow and without a report."""
    run_study(
        StudyConfig.from_text(study),
        home=home,
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
    )


STUDY = """
study: small
task: digits
network: mlp
hyperparameters:
  depth: [1, 2]
  activation: tanh
  initialization: orthogonal
  learning_rate: {low: 1.0e-3, high: 10.0, log: true}
  width: 16
  batch_size: 32
steps: 60
trials: 12
"""


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(STUDY)
    return path
