"""The task of one's own in docs/tasks.md works as it stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.study.commands.conftest import Gradscape
from tests.support.repository import DOCS

PAGE = DOCS / "tasks.md"


def _blocks(language: str, page: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.mark.slow
def test_the_example_is_checked_and_run(gradscape: Gradscape, tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    code = next(one for one in _blocks("python", page) if "def moons" in one)
    study = next(one for one in _blocks("yaml", page) if "noise: [" in one)
    # Under another name: what a test imports as `mine` stays imported for the next one.
    (tmp_path / "moons_task.py").write_text(code)
    path = tmp_path / "moons.yaml"
    path.write_text(study.replace("mine:moons", "moons_task:moons"))
    plan = json.loads(gradscape("check", path, "--json").out)
    assert [one["hyperparameters"] for one in plan["tasks"]] == [{"noise": 0.1}, {"noise": 0.3}]
    assert [one["examples"] for one in plan["tasks"]] == [2000, 2000]
    said = gradscape("run", path, "--local-mode", "--no-report")
    assert said.code == 0, said
