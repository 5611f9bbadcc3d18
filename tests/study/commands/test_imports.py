"""What commands import: a person who asks how a study stands does not wait for torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.study.commands.conftest import train_in_process
from tests.support.repository import ROOT

HEAVY = ("torch", "ray", "mlflow", "pandas", "scipy", "sklearn", "sqlalchemy", "optuna", "pyarrow")

MAY_IMPORT = {
    ("--help",): set(),
    ("init",): set(),
    ("logs", "quick"): set(),
    ("list",): {"pyarrow"},
    ("status", "quick"): {"pyarrow", "optuna"},
}
"""Command -> the heavy libraries that it cannot do without."""

STUDY = """
study: quick
task: digits
network: mlp
hyperparameters: {depth: 1, width: 4, learning_rate: 0.1}
steps: 2
trials: 1
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    train_in_process(STUDY, home=folder)
    return folder


@pytest.mark.parametrize("command", MAY_IMPORT, ids=" ".join)
def test_a_command_imports_what_it_needs(command: tuple[str, ...], home: Path) -> None:
    code = f"""
import sys
from study.commands.app import main
sys.argv = ["gradscape", *{command!r}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("imported", *[name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "GRADSCAPE_HOME": str(home)},
    )
    assert done.returncode == 0, done.stderr
    printed, _, imported = done.stdout.rpartition("imported")
    assert len(printed) > 20
    assert set(imported.split()) == MAY_IMPORT[command]
