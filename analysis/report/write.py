"""Writing a report: everything into a temporary folder, then into place."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path, PurePosixPath

import pandas as pd
from threadpoolctl import threadpool_limits

from analysis.reading import study_folder
from analysis.report.files.images import (
    ImageFormat,
    Images,
    ImageWriter,
    check_formats,
    pictures_of,
)
from analysis.report.files.markdown_report import render_text
from analysis.report.files.staging import PAGE, filling, write_text
from analysis.report.files.summary import summarize
from analysis.report.files.tables import TableFiles, Tables, write_derived, write_tables
from analysis.report.files.versions import gradscape_version
from analysis.report.findings.evidence import Evidence, gather
from analysis.report.page.page import render_page
from analysis.report.sections import SECTIONS

SUMMARY, TEXT = "summary.json", "report.md"


def write_report(
    study: str | Path | Sequence[str | Path],
    *,
    home: str | Path | None = None,
    out: str | Path | None = None,
    trials: pd.DataFrame | None = None,
    maps: Sequence[tuple[str, str | None]] = (),
    where: Mapping[str, object] | None = None,
    failed: Mapping[str, int] | None = None,
    planned: int | None = None,
    tables: Tables = "auto",
    figures: Sequence[str] = (),
    figures_of: Collection[str] | None = None,
    on_notice: Callable[[str], None] = lambda notice: None,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Path:
    """Writes the stability report of a study; docs/report.md lists its files.

    Files of an earlier report are replaced one by one, the page last; others are left alone.

    Args:
        study: Name of a study of the home folder, or the path of a study's folder. Several of the
            same task and network are read as one (`analysis.load_trials`).
        home: The home folder; by default `GRADSCAPE_HOME`, else `./gradscape`.
        out: Folder to write into; by default `report` in the study's folder, and
            `report-relabelled` if `trials` are given, so that the study's own report stays; of
            several studies `together` in the last one's.
        trials: Trials of the study that were labelled again (`study.verdicts.relabel_study`). The
            report is made of them, and says what differs from the stored ones. Nothing that is
            stored changes.
        maps: Pairs of hyperparameters to draw maps of (one alone: None as the second), instead
            of the most telling ones.
        where: Value, or list of values, by hyperparameter that the trials of these maps have.
        failed: Number of trials that failed for reasons of the infrastructure, by reason, which
            no table has.
        planned: Trials that the study is to have, if it still runs: the page says so, and loads
            itself again while nobody reads in it.
        tables: "auto" writes trials, and steps and layers as far as their size makes sense
            (`CSV_ROWS`, `PARQUET_ROWS`), "all" whatever their size, "trials" these alone.
        figures: Formats of the images of the page's figures, "png" and "svg"; none by default.
            They are drawn by a Chrome or Chromium that is there; without one the report is
            written without them.
        figures_of: Names of the sections whose figures become images; all if None.
        on_notice: Called with one line for each thing that could not be written.
        on_stage: Called with a few words at the beginning of each stage of the work.

    Returns:
        The path of the page, `index.html`.

    Raises:
        StudyNotFound: If there is no such study.
        AnalysisError: If it has no finished trial, `out` is no folder, `trials` has none or
            others than the study, or a format is not known.
    """
    formats = check_formats(figures)
    on_stage("reading the tables")
    evidence = gather(
        study,
        home=home,
        trials=trials,
        maps=maps,
        where=where,
        failed=failed,
        planned=planned,
    )
    folder = Path(out) if out is not None else _own_folder(study, home, trials)
    earlier = written_files(folder)
    with filling(folder) as scratch:
        names, notices = _write(scratch, evidence, tables, formats, figures_of, on_stage)
    remove(folder, earlier - names)
    for notice in notices:
        on_notice(notice)
    return folder / PAGE


def _own_folder(
    study: str | Path | Sequence[str | Path], home: str | Path | None, trials: pd.DataFrame | None
) -> Path:
    if not isinstance(study, (str, Path)):
        return study_folder(study[-1], home=home) / "together"
    return study_folder(study, home=home) / ("report" if trials is None else "report-relabelled")


def _write(
    folder: Path,
    evidence: Evidence,
    tables: Tables,
    formats: Sequence[ImageFormat],
    figures_of: Collection[str] | None,
    on_stage: Callable[[str], None],
) -> tuple[set[str], list[str]]:
    """Writes everything into an empty folder; returns the files' names and notices."""
    created = datetime.now(UTC)
    plan, images = _write_files(folder, evidence, tables, formats, figures_of, on_stage)
    notices = [images.notice] if images.notice else []
    left_out = [*(files.why for files in plan if files.why), *notices]
    written = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    names = written | {PAGE, SUMMARY, TEXT}
    summary = {
        **summarize(evidence, created=created),
        "files": sorted(names),
        "left_out": left_out,
    }
    version = gradscape_version()
    write_text(folder / SUMMARY, json.dumps(summary, indent=2, allow_nan=False))
    text = render_text(
        evidence, images=images.files, left_out=left_out, created=created, version=version
    )
    write_text(folder / TEXT, text)
    page = render_page(evidence, created=created, version=version, left_out=left_out)
    write_text(folder / PAGE, page)
    return names, notices


def _write_files(
    folder: Path,
    evidence: Evidence,
    tables: Tables,
    formats: Sequence[ImageFormat],
    figures_of: Collection[str] | None,
    on_stage: Callable[[str], None],
) -> tuple[tuple[TableFiles, ...], Images]:
    """Streams tables, and has a browser draw images, beside what computes the sections."""
    stop = threading.Event()
    # Only libraries that are loaded can be limited in their threads. Where all trials have one
    # verdict nothing is learned from them.
    if evidence.trials["verdict"].nunique() > 1:
        import_module("sklearn.utils")
    # The sections' work comes in small pieces, for which further threads mostly wait, spinning on
    # the core that streams the tables.
    with (
        threadpool_limits(1),
        ThreadPoolExecutor(1, thread_name_prefix="tables") as pool,
    ):
        streaming = pool.submit(write_tables, folder, evidence, tables, stop)
        try:
            with ImageWriter(folder, formats) as writer:
                for section in SECTIONS:
                    if section.stage:
                        on_stage(section.stage)
                    view = evidence.of(section.view)
                    if figures_of is None or section.name in figures_of:
                        for drawn in pictures_of(view):
                            writer.add(drawn)
                on_stage("writing tables and images")
                write_derived(folder, evidence)
                return streaming.result(), writer.finish()
        finally:
            stop.set()


def written_files(folder: Path) -> set[str]:
    """Returns what an earlier report in this folder says that it wrote, if there is one."""
    try:
        files = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {name for name in files if isinstance(name, str)} if isinstance(files, list) else set()


def remove(folder: Path, names: Iterable[str]) -> None:
    """Removes files that this report no longer has; never anything outside its folder."""
    for name in names:
        path = PurePosixPath(name)
        if len(path.parts) > 2 or path.is_absolute() or ".." in path.parts:
            continue
        (folder / path).unlink(missing_ok=True)
