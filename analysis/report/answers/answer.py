"""One answer of the page's first screen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A sentence whose beginning, the `lead`, stands out; `text` goes on behind a colon."""

    lead: str
    text: str
