"""Writes the reference pages that are made from the code: `make docs`."""

from __future__ import annotations

from pathlib import Path

from search_spaces.docs_page import catalogue_markdown
from study.diagnosis.docs_page import with_table as with_moves
from study.engine.tasks.docs_page import with_table
from study.tables.schema.docs_page import schema_markdown
from study.verdicts.docs_page import with_tables
from study.verdicts.published.docs_page import with_rules

DOCS = Path(__file__).parent


def pages() -> dict[Path, str]:
    """Each generated page as it should be."""
    tasks, verdicts = DOCS / "tasks.md", DOCS / "verdicts.md"
    rules, diagnose = DOCS / "published-rules.md", DOCS / "diagnose.md"
    return {
        DOCS / "hyperparameters.md": catalogue_markdown(),
        DOCS / "tables.md": schema_markdown(),
        tasks: with_table(tasks.read_text(encoding="utf-8")),
        verdicts: with_tables(verdicts.read_text(encoding="utf-8")),
        rules: with_rules(rules.read_text(encoding="utf-8")),
        diagnose: with_moves(diagnose.read_text(encoding="utf-8")),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(DOCS.parent)}")
