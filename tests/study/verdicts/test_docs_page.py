from __future__ import annotations

import pytest

from study.verdicts.docs_page import with_tables
from tests.support.repository import DOCS

PAGE = DOCS / "verdicts.md"


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_tables(page), "run: python -m study.verdicts.docs_page"
    assert "| `exploding_ratio` | 70 |" in page


def test_a_page_without_marks_is_an_error() -> None:
    with pytest.raises(ValueError, match="<!-- outcomes -->"):
        with_tables("# Verdicts")
