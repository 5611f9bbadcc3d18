"""Writing a report: everything into a temporary folder, then into place."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from analysis.errors import AnalysisError
from analysis.report.evidence import gather
from analysis.report.files import Tables, plan_tables, write_derived, write_tables
from analysis.report.page import render_page
from analysis.report.summary import summarize
from analysis.report.versions import gradscape_version
from analysis.tables import study_folder

PAGE = "index.html"


def write_report(
    study: str | Path,
    *,
    home: str | Path | None = None,
    out: str | Path | None = None,
    trials: pd.DataFrame | None = None,
    maps: Sequence[tuple[str, str | None]] = (),
    where: Mapping[str, object] | None = None,
    tables: Tables = "auto",
) -> Path:
    """Writes the stability report of a study; docs/report.md lists its files.

    Files of an earlier report are replaced one by one, the page last; others are left alone.

    Args:
        study: Name of a study of the home folder, or the path of a study's folder.
        home: The home folder; by default `GRADSCAPE_HOME`, else `./gradscape`.
        out: Folder to write into; by default `report` in the study's folder, and
            `report-relabelled` if `trials` are given, so that the study's own report stays.
        trials: Trials of the study that were labelled anew (`study.verdicts.relabel_study`). The
            report is made of them, and says what differs from the stored ones. Nothing that is
            stored changes.
        maps: Pairs of hyperparameters to draw maps of (one alone: None as the second), instead
            of the most telling ones.
        where: Value, or list of values, by hyperparameter that the trials of these maps have.
        tables: "auto" writes trials, and steps and layers as far as their size makes sense
            (`CSV_ROWS`, `PARQUET_ROWS`), "all" whatever their size, "trials" these alone.

    Returns:
        The path of the page, `index.html`.

    Raises:
        StudyNotFound: If there is no such study.
        AnalysisError: If it has no finished trial, `out` is no folder, or `trials` has none or
            others than the study.
    """
    evidence = gather(study, home=home, trials=trials, maps=maps, where=where)
    own = study_folder(study, home=home) / ("report" if trials is None else "report-relabelled")
    folder = Path(out) if out is not None else own
    if folder.exists() and not folder.is_dir():
        raise AnalysisError(f"the report needs a folder, but {folder} is a file")
    folder.mkdir(parents=True, exist_ok=True)
    created = datetime.now(UTC)
    scratch = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder))
    try:
        write_tables(scratch, evidence, plan_tables(evidence, tables))
        write_derived(scratch, evidence)
        summary = summarize(evidence, created=created)
        _write_text(scratch / "summary.json", json.dumps(summary, indent=2, allow_nan=False))
        page = render_page(evidence, created=created, version=gradscape_version())
        _write_text(scratch / PAGE, page)
        for path in sorted(scratch.iterdir(), key=lambda path: (path.name == PAGE, path.name)):
            os.replace(path, folder / path.name)
    finally:
        shutil.rmtree(scratch)
    return folder / PAGE


def _write_text(path: Path, text: str) -> None:
    # A lone surrogate in a person's name has no UTF-8 form.
    path.write_text(text, encoding="utf-8", errors="replace")
