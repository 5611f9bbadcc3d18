from __future__ import annotations

from study.tables.schema.docs_page import schema_markdown
from tests.support.repository import DOCS

PAGE = DOCS / "tables.md"


def test_the_page_is_up_to_date() -> None:
    made = schema_markdown()
    assert PAGE.read_text(encoding="utf-8") == made, (
        "run: python -m study.tables.schema.docs_page > docs/tables.md"
    )
