"""Writing a comparison of two studies: the page, and the files beside it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from analysis.comparison import Comparison, compare_studies, comparison_table
from analysis.reading import load_trials, study_folder
from analysis.report.files.staging import PAGE, filling, write_text
from analysis.report.files.summary import plain_json
from analysis.report.files.versions import library_versions
from analysis.report.page.comparison_page import comparison_page
from analysis.stats.intervals import CONFIDENCE
from analysis.trials.records import records

COMPARISON_VERSION = 1
"""Raised when a field of comparison.json changes its meaning or goes."""


def write_comparison(
    before: str | Path,
    after: str | Path,
    *,
    home: str | Path | None = None,
    out: str | Path | None = None,
) -> Path:
    """Writes what changed from one study to another: index.html, comparison.csv and .json.

    Args:
        before: Name or folder of a study.
        after: Name or folder of another one.
        home: The home folder; by default `GRADSCAPE_HOME`, else `./gradscape`.
        out: Folder to write into; by default `compare` in the folder of the second study.

    Returns:
        The path of the page.

    Raises:
        StudyNotFound: If there is no such study.
        AnalysisError: If one has no finished trial, they share nothing, or `out` is no folder.
    """
    first, second = load_trials(before, home=home), load_trials(after, home=home)
    names = [
        str(trials.attrs.get("study") or Path(given).name)
        for trials, given in ((first, before), (second, after))
    ]
    comparison = compare_studies(first, second)
    folder = Path(out) if out is not None else study_folder(after, home=home) / "compare"
    created = datetime.now(UTC)
    with filling(folder) as scratch:
        comparison_table(comparison).to_csv(scratch / "comparison.csv", index=False)
        summary = _summary(comparison, names, created)
        write_text(scratch / "comparison.json", json.dumps(summary, indent=2, allow_nan=False))
        write_text(scratch / PAGE, comparison_page(comparison, names, created))
    return folder / PAGE


def _summary(comparison: Comparison, names: list[str], created: datetime) -> object:
    return plain_json(
        {
            "comparison_version": COMPARISON_VERSION,
            "created": created.isoformat(timespec="seconds"),
            "before": {"study": names[0], "trials": len(comparison.shared.before)},
            "after": {"study": names[1], "trials": len(comparison.shared.after)},
            "left_out": {"before": comparison.left_out[0], "after": comparison.left_out[1]},
            "confidence": CONFIDENCE,
            "space": comparison.shared.space,
            "differences": [
                {"name": name, "before": before, "after": after}
                for name, before, after in comparison.differences
            ],
            "thresholds": comparison.thresholds,
            "verdicts": comparison.verdicts,
            "same_trials": {**records(comparison.pairs)[0], "changes": comparison.changes},
            "maps": [
                {"x": table.attrs["x"], "y": table.attrs["y"], "cells": table}
                for table in comparison.maps
            ],
            "learning_rates": comparison.learning_rates,
            "importance": comparison.importance,
            "versions": library_versions(),
        }
    )
