"""summary.json: the report's numbers for scripts; docs/report.md documents its fields."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pandas as pd

from analysis.report.files.versions import library_versions
from analysis.report.findings.evidence import Evidence
from analysis.report.sections import SECTIONS
from analysis.space.axes import varied
from analysis.space.design import sampled_trials
from analysis.stats.intervals import CONFIDENCE
from analysis.trials.records import records
from study.tables.schema import SCHEMA_VERSION

SUMMARY_VERSION = 2
"""Raised when a field of summary.json changes its meaning or goes."""


def summarize(evidence: Evidence, *, created: datetime) -> dict[str, object]:
    """Collects the report's numbers as plain JSON values; what is not finite is null.

    Args:
        evidence: What the report shows.
        created: When it was made.
    """
    trials, metadata = evidence.trials, evidence.metadata
    seeds = sampled_trials(trials).groupby("configuration")["seed"].nunique()
    summary = {
        "summary_version": SUMMARY_VERSION,
        "schema_version": SCHEMA_VERSION,
        "created": created.isoformat(timespec="seconds"),
        "study": evidence.study,
        "task": metadata.get("task"),
        "network": metadata.get("network"),
        "trials": len(trials),
        "configurations": len(seeds),
        "seeds_per_configuration": {"least": int(seeds.min()), "most": int(seeds.max())},
        "confidence": CONFIDENCE,
        "hyperparameters": metadata.get("hyperparameters", {}),
        "varied": varied(trials),
        "thresholds": metadata.get("thresholds", {}),
    }
    for section in SECTIONS:
        summary.update(section.summary(evidence))
    plain = plain_json({**summary, "versions": library_versions()})
    assert isinstance(plain, dict)
    return plain


def plain_json(value: object) -> object:
    """Converts a value to what JSON has: tables to lists of rows, what is not finite to null."""
    if isinstance(value, pd.DataFrame):
        return plain_json(records(value))
    if isinstance(value, Mapping):
        return {str(key): plain_json(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_json(inner) for inner in value]
    if isinstance(value, np.generic):
        return plain_json(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
