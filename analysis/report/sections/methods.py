"""How the numbers were made."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.labels import value_label
from analysis.report.files.versions import library_versions
from analysis.report.findings.evidence import Evidence
from analysis.report.page.section import Section
from analysis.space.axes import entry, hyperparameters, varied
from analysis.stats.intervals import CONFIDENCE


@dataclass(frozen=True, kw_only=True)
class Methods:
    """Thresholds as (name, value), versions as (name, version), the space as (name, values).

    `varied`: number of hyperparameters that varied; these are the first of the space.
    """

    confidence: float
    varied: int
    space: list[tuple[str, str]]
    thresholds: list[tuple[str, str]]
    versions: list[tuple[str, str]]


def methods(evidence: Evidence) -> Methods:
    """Collects thresholds and versions; the text is the template's."""
    thresholds = evidence.metadata.get("thresholds")
    stated = thresholds if isinstance(thresholds, dict) else {}
    trials, axes = evidence.trials, varied(evidence.trials)
    fixed = [name for name in hyperparameters(trials) if name not in axes]
    return Methods(
        confidence=CONFIDENCE,
        varied=len(axes),
        space=[
            *((name, _values(trials, name)) for name in axes),
            *((name, _observed(trials, name)) for name in fixed),
        ],
        thresholds=[(str(key), value_label(value, digits=4)) for key, value in stated.items()],
        versions=list(library_versions().items()),
    )


def _values(trials: pd.DataFrame, name: str) -> str:
    stated = entry(trials, name)
    listed = stated.get("choices")
    if isinstance(listed, list):
        return ", ".join("none" if each is None else value_label(each) for each in listed)
    if "low" in stated and "high" in stated:
        scale = ", log scale" if stated.get("log") else ""
        return f"{value_label(stated['low'])} to {value_label(stated['high'])}{scale}"
    return _observed(trials, name)


def _observed(trials: pd.DataFrame, name: str) -> str:
    values = sorted(trials[name].dropna().unique().tolist())
    if len(values) > 8:
        return f"{value_label(values[0])} to {value_label(values[-1])}"
    return ", ".join(value_label(value) for value in values) or "not applicable"


SECTION = Section(
    name="methods", title="Search space, methods and references", view=methods, folded=True
)
