"""What other thresholds changed, if the trials were labelled again."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.labels import number_label
from analysis.report.findings.evidence import Evidence
from analysis.report.page.section import Section
from analysis.trials.records import records


@dataclass(frozen=True, kw_only=True)
class Relabelled:
    """Thresholds as (name, before, after), verdicts as (before, after, number of trials)."""

    trials: int
    changed: int
    thresholds: list[tuple[str, str, str]]
    verdicts: list[tuple[str, str, int]]


def relabelled(evidence: Evidence) -> Relabelled | None:
    """Collects which thresholds changed, and which verdicts with them; None if none did."""
    changes = evidence.relabelled
    if changes is None:
        return None
    return Relabelled(
        trials=len(evidence.trials),
        changed=changes.changed,
        thresholds=[
            (
                row["threshold"],
                *(
                    "not stated" if value != value else number_label(value, digits=4)
                    for value in (row["before"], row["after"])
                ),
            )
            for row in records(changes.thresholds)
        ],
        verdicts=[
            (row["before"], row["after"], row["trials"]) for row in records(changes.verdicts)
        ],
    )


def _summary(evidence: Evidence) -> dict[str, object]:
    changes = evidence.relabelled
    if changes is None:
        return {"relabelled": None}
    return {
        "relabelled": {
            "trials": changes.changed,
            "thresholds": changes.thresholds,
            "verdicts": changes.verdicts,
        }
    }


SECTION = Section(name="relabelled", title="Labelled again", view=relabelled, summary=_summary)
