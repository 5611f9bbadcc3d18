"""The watched loops of examples/: each says what is wrong with it, and no number of it changes."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from tests.study.watching.test_callbacks import needs
from tests.support.repository import ROOT

LIBRARIES = {"lightning_module": ("lightning",), "gpt2": ("transformers", "accelerate")}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mlp", "resnet", "lstm", "gan", "lightning_module", "gpt2"])
def test_a_part_that_does_not_train_is_told_of(name: str) -> None:
    needs(*LIBRARIES.get(name, ()))
    bench = runpy.run_path(str(ROOT / "benchmarks" / "watched_loops.py"))
    outcome = bench["run"](name, "part", 0)
    assert outcome.right, outcome.explanation
    assert outcome.same
    source = (Path(ROOT) / "examples" / "watched" / f"{name}.py").read_text(encoding="utf-8")
    assert 3 <= bench["added_lines"](source) <= 5
