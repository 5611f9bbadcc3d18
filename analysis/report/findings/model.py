"""The stability model of the study, fitted once however many parts of the page ask it."""

from __future__ import annotations

from analysis.errors import AnalysisError
from analysis.report.findings.evidence import Evidence
from analysis.stability_model import StabilityModel, stability_model


def model(evidence: Evidence) -> StabilityModel | None:
    """Fits the model to all trials; None of too few, or where nothing varies."""
    try:
        return stability_model(evidence.trials)
    except AnalysisError:
        return None
