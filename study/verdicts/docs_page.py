"""The generated tables of docs/verdicts.md, made from the labels and the thresholds."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from study.verdicts.causes import Cause
from study.verdicts.explanation.numbers import figure
from study.verdicts.failure import Failure
from study.verdicts.flags import MEANINGS
from study.verdicts.label_enum import Label
from study.verdicts.outcome import Outcome
from study.verdicts.regime import Regime
from study.verdicts.thresholds import DEFAULT, Thresholds
from study.verdicts.verdict import Verdict


def thresholds_markdown() -> str:
    """Writes one row a threshold: name, default, domain, meaning, source."""
    rows = [
        (
            f"`{field.name}`",
            figure(getattr(DEFAULT, field.name)),
            _domain(field),
            field.metadata["meaning"],
            field.metadata["source"],
        )
        for field in fields(Thresholds)
    ]
    return _table(("threshold", "default", "domain", "meaning", "source"), rows)


def labels_markdown(labels: Iterable[Label]) -> str:
    """Writes one row a label: its name and its meaning."""
    return _table(("label", "meaning"), [(f"`{label.value}`", label.meaning) for label in labels])


def flags_markdown() -> str:
    """Writes one row a flag: its name and its meaning."""
    return _table(("flag", "meaning"), [(f"`{name}`", text) for name, text in MEANINGS.items()])


_SECTIONS: dict[str, Callable[[], str]] = {
    "outcomes": lambda: labels_markdown(Outcome),
    "regimes": lambda: labels_markdown(Regime),
    "verdicts": lambda: labels_markdown(Verdict),
    "failures": lambda: labels_markdown(Failure),
    "causes": lambda: labels_markdown(Cause),
    "flags": flags_markdown,
    "thresholds": thresholds_markdown,
}


def with_tables(page: str) -> str:
    """Returns the page with what stands between `<!-- name -->` and `<!-- end -->` made again.

    Raises:
        ValueError: If the page lacks the marks of a table.
    """
    for name, make in _SECTIONS.items():
        between = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        table = make()
        if not between.search(page):
            raise ValueError(f"the page must have the marks `<!-- {name} -->` and `<!-- end -->`")
        page = between.sub(lambda mark, table=table: mark[1] + table + mark[2], page)  # type: ignore[misc]
    return page


def _domain(field: Field[Any]) -> str:
    low, high = field.metadata["low"], field.metadata["high"]
    return f"> {low:g}" if math.isinf(high) else f"> {low:g}, <= {high:g}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


if __name__ == "__main__":
    docs = Path("docs/verdicts.md")
    docs.write_text(with_tables(docs.read_text(encoding="utf-8")), encoding="utf-8")
