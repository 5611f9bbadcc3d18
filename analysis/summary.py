"""summary.json: the report's numbers for scripts; docs/report.md documents its fields."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.axes import varied
from analysis.intervals import CONFIDENCE
from analysis.records import records
from study.tables.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from analysis.report.evidence import Evidence

SUMMARY_VERSION = 1
"""Raised when a field of summary.json changes its meaning or goes."""

_LIBRARIES = ("pandas", "numpy", "pyarrow", "scikit-learn", "plotly")


def summarize(evidence: Evidence, *, created: datetime) -> dict[str, object]:
    """The report's numbers as plain JSON values; what is not finite is null.

    Args:
        evidence: What the report shows.
        created: When it was made.
    """
    trials, metadata = evidence.trials, evidence.metadata
    seeds = trials.groupby("configuration")["seed"].nunique()
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
        "relabelled": _relabelled(evidence),
        "verdicts": records(evidence.counts),
        "importance": records(evidence.importance),
        "pairs": records(evidence.pairs),
        "boundaries": None if evidence.boundaries is None else records(evidence.boundaries),
        "typical": records(evidence.typical[["verdict", "trial", "mlflow_run_id"]]),
        "theory": _theory(evidence),
        "flags": _recorded(evidence.flags),
        "published_rules": _recorded(evidence.rules),
        "versions": library_versions(),
    }
    plain = _plain(summary)
    assert isinstance(plain, dict)
    return plain


def _relabelled(evidence: Evidence) -> dict[str, object] | None:
    found = evidence.relabelled
    if found is None:
        return None
    return {
        "trials": found.changed,
        "thresholds": records(found.thresholds),
        "verdicts": records(found.verdicts),
    }


def _theory(evidence: Evidence) -> dict[str, object] | None:
    found = evidence.predictions
    if not found.any:
        return None
    overall = records(found.overall)
    return {
        "silent": found.silent,
        "overall": overall[0] if overall else None,
        "regimes": records(found.regimes),
        "groups": records(found.groups),
        "learning_rates": records(found.learning_rates),
        "disagreements": records(found.disagreements),
    }


def _recorded(table: pd.DataFrame) -> dict[str, object] | None:
    if not table.attrs["recorded"]:
        return None
    return {**{str(key): value for key, value in table.attrs.items()}, "rows": records(table)}


def library_versions() -> dict[str, str]:
    """Versions of gradscape, Python and the libraries that the numbers depend on."""
    libraries = {name: version(name) for name in _LIBRARIES}
    return {"gradscape": gradscape_version(), "python": platform.python_version(), **libraries}


def gradscape_version() -> str:
    """The installed version; "unknown" when run from sources that are not installed."""
    try:
        return version("gradscape")
    except PackageNotFoundError:
        return "unknown"


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
