"""What a section of the report gives: words and figures for the page, tables, numbers, text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.report.findings.evidence import Evidence


def no_tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """Returns no CSV file."""
    return {}


def no_summary(evidence: Evidence) -> Mapping[str, object]:
    """Returns no field of summary.json."""
    return {}


def no_text(evidence: Evidence) -> str:
    """Returns nothing for report.md."""
    return ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One section of the report. What several functions need is computed once by `evidence.of`.

    Attributes:
        name: Name of its template, `templates/<name>.html`, and of its anchor.
        title: Title in the contents; "" for the page's head.
        view: What the template shows, as a frozen dataclass; None leaves the section out.
        tables: CSV files by name, as far as they hold anything. An index that has a name is
            written too.
        summary: Fields of summary.json. What is no plain JSON value is made one: tables become
            lists of rows, what is not finite becomes null.
        text: What stands under the title in report.md; "" leaves it out.
        folded: Whether it stands behind a click.
        stage: What a person who waits is told from here on, in words that hold whether or not the
            section shows anything; "" where it takes no time to speak of.
    """

    name: str
    title: str
    view: Callable[[Evidence], object | None]
    tables: Callable[[Evidence], Mapping[str, pd.DataFrame]] = no_tables
    summary: Callable[[Evidence], Mapping[str, object]] = no_summary
    text: Callable[[Evidence], str] = no_text
    folded: bool = False
    stage: str = ""
