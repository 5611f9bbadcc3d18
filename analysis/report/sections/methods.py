"""How the numbers were made."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.labels import value_label
from analysis.report.files.versions import library_versions
from analysis.report.findings.evidence import Evidence
from analysis.report.page.section import Section
from analysis.stats.intervals import CONFIDENCE


@dataclass(frozen=True, kw_only=True)
class Methods:
    """Thresholds as (name, value), versions as (name, version)."""

    confidence: float
    thresholds: list[tuple[str, str]]
    versions: list[tuple[str, str]]


def methods(evidence: Evidence) -> Methods:
    """Collects thresholds and versions; the text is the template's."""
    thresholds = evidence.metadata.get("thresholds")
    stated = thresholds if isinstance(thresholds, dict) else {}
    return Methods(
        confidence=CONFIDENCE,
        thresholds=[(str(key), value_label(value, digits=4)) for key, value in stated.items()],
        versions=list(library_versions().items()),
    )


SECTION = Section(name="methods", title="Methods and references", view=methods)
