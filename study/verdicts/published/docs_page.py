"""The generated table of docs/published-rules.md, made from the registry."""

from __future__ import annotations

import re

from study.tables.schema import ALARMS
from study.verdicts.published.registry import RULES

_MARKED = re.compile(r"(<!-- rules -->\n).*?(<!-- end -->)", re.DOTALL)


def rules_markdown() -> str:
    """Writes a Markdown table, one row a rule: name, source, its verdict, when it fires."""
    rows = [("rule", "source", "after", "fires where, at any recorded step")]
    rows.append(("---",) * 4)
    for name, rule in RULES.items():
        after = "every failure" if ALARMS[name] == "any" else f"`{ALARMS[name]}`"
        rows.append((f"`{name}`", rule.source, after, rule.condition.replace("<", "\\<")))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def with_rules(page: str) -> str:
    """Returns the page with what stands between its marks made again.

    Raises:
        ValueError: If the page lacks the marks.
    """
    if not _MARKED.search(page):
        raise ValueError("the page must have the marks `<!-- rules -->` and `<!-- end -->`")
    return _MARKED.sub(lambda mark: mark[1] + rules_markdown() + mark[2], page)
