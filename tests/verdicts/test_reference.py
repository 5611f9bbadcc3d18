from __future__ import annotations

from pathlib import Path

import pytest

from study.verdicts.docs_page import with_tables

PAGE = Path(__file__).parents[2] / "docs" / "verdicts.md"


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_tables(page), "run: python -m study.verdicts.docs_page"
    assert "| `exploding_ratio` | 70 |" in page


def test_a_page_without_marks_is_an_error() -> None:
    with pytest.raises(ValueError, match="<!-- outcomes -->"):
        with_tables("# Verdicts")
