"""Runs that `study.watch` wrote: found by their folders, and shown on one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from study.tables.home import tables_folder

if TYPE_CHECKING:
    from analysis.report.runs import Run

MOST = 50
"""Runs that one page shows."""


def run_folders(given: str) -> list[Path]:
    """Returns the folders of watched runs that a path means: a run's own, or those inside it.

    A study's folder, or what is no folder, gives none.
    """
    path = Path(given)
    if not path.is_dir():
        return []
    inside = sorted(each for each in path.iterdir() if tables_folder(each).is_dir())
    folders = [path] if tables_folder(path).is_dir() else inside
    return [folder for folder in folders if is_run(folder)]


def page_of_runs(given: Sequence[str], output: Path | None) -> Path | None:
    """Writes the page of the watched runs that paths mean; None where they mean none.

    Args:
        given: Paths of runs, or of folders that hold them; names of studies mean none.
        output: As in `write_page`.
    """
    folders = [run for each in given for run in run_folders(each)]
    return write_page(folders, output) if folders else None


def is_run(folder: Path) -> bool:
    """Returns whether a folder with tables holds a watched run."""
    from study.errors import TableError
    from study.tables import TableStore
    from study.tables.metadata import WATCHED

    try:
        frame = TableStore(tables_folder(folder)).read_trials(columns=["trial"])
    except TableError:
        return False
    return frame.attrs.get("task") == WATCHED


def write_page(folders: list[Path], output: Path | None) -> Path:
    """Writes the page of runs; returns the file.

    Args:
        folders: Of the runs, at least one; the first fifty are shown.
        output: Folder of the page; by default `report` beside a single run's tables or, of
            several, in the folder that holds them.
    """
    from analysis.report.runs import write_runs

    place = output or (folders[0] if len(folders) == 1 else folders[0].parent) / "report"
    place.mkdir(parents=True, exist_ok=True)
    page = place / "index.html"
    write_runs([run for folder in folders[:MOST] for run in _runs(folder)], page)
    return page


def _runs(folder: Path) -> list[Run]:
    import pandas as pd

    from analysis.report.runs import Run
    from study.tables import TableStore

    store = TableStore(tables_folder(folder))
    trials, steps, layers = store.read_trials(), store.read_steps(), store.read_layers()
    settings = list(trials.attrs["hyperparameters"])
    several = len(trials) > 1
    return [
        Run(
            name=f"{folder.name} {row['loss_name']}" if several else folder.name,
            network=str(trials.attrs["network"]),
            trial=row,
            steps=steps[steps["trial"] == row["trial"]],
            layers=layers[layers["trial"] == row["trial"]],
            settings={name: _text(row[name]) for name in settings if pd.notna(row[name])},
        )
        for _, row in trials.iterrows()
    ]


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
