from __future__ import annotations

import re

import pandas as pd
import pytest

import analysis
from study.tables.schema import ALARMS
from study.verdicts.published.docs_page import with_rules
from tests.support.repository import DOCS

PAGE = DOCS / "published-rules.md"


def test_every_rule_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_rules(page), "run `make docs`"
    rows = re.findall(r"^\| `([\w.]+)` \|", page, re.M)
    assert rows == list(ALARMS)


def test_a_page_without_marks_is_an_error() -> None:
    with pytest.raises(ValueError, match="<!-- rules -->"):
        with_rules("# Rules")


def test_the_column_is_read_as_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = pd.DataFrame(
        {
            "alarms": ["", "sagemaker.dead_relu,tuning_playbook.clipping", "sagemaker.dead_relu"],
            "verdict": ["stable", "stable", "vanishing"],
        }
    )
    monkeypatch.setattr(analysis, "load_trials", lambda name: trials)
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    *code, last = [line[4:] for line in lines if line.startswith("    ")]
    names: dict[str, object] = {}
    exec("\n".join(code), names)
    fires = names["fires"]
    assert isinstance(fires, pd.DataFrame)
    assert fires["sagemaker.dead_relu"].tolist() == [False, True, True]
    assert eval(last, names).index.tolist() == [1]
