"""A finding says whether one service of a study can be written to."""

from __future__ import annotations

from dataclasses import dataclass

from study.secrets import redacted


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A service that a study writes to, and whether it can.

    Attributes:
        service: What for: storage, tracking or artifacts.
        where: Path or address of the service, without password.
        problem: What is wrong and what would help; None if it can be written.
        note: What could not be tried, and why; None where all was.
    """

    service: str
    where: str
    problem: str | None = None
    note: str | None = None

    @property
    def text(self) -> str:
        """One line for a person."""
        text = self.problem or ("ok" if self.note is None else f"ok; {self.note}")
        return redacted(f"{self.service:10s}{self.where}: {' '.join(text.split())}")
