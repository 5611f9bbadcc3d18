"""Reading a study's tables: trials, steps, layers, as pandas DataFrames."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import pandas as pd

from analysis.errors import AnalysisError, StudyNotFound, table_errors
from analysis.joining import JoinedStore, join_trials
from study.tables import TableStore
from study.tables.home import home_folder, home_text, studies, studies_folder, tables_folder

SERIES = {"steps": ["trial", "step"], "layers": ["trial", "step", "layer"]}
"""Tables with several rows a trial, and what they are sorted by."""


def load_trials(
    study: str | Path | Sequence[str | Path], *, home: str | Path | None = None
) -> pd.DataFrame:
    """One row a trial, sorted by trial number.

    Args:
        study: Name of a study of the home folder, or the path of a study's folder; several of the
            same task and network are joined, see `analysis.joining.join_trials`.
        home: The home folder; by default `GRADSCAPE_HOME`, else `./gradscape`.

    Returns:
        The columns of docs/tables.md and one column a hyperparameter: +inf where a number is
        `none` (no clipping), null where a hyperparameter does not apply. `DataFrame.attrs` is
        the study's metadata (study, task, network, hyperparameters, thresholds).

    Raises:
        StudyNotFound: If there is no such study.
        AnalysisError: If it has no finished trial, a file is damaged, or was written by a newer
            gradscape, or several cannot be joined.
    """
    return open_studies(study, home=home)[1]


def load_steps(
    study: str | Path, *, home: str | Path | None = None, trials: Iterable[int] | None = None
) -> pd.DataFrame:
    """One row a trial and recorded step, sorted; arguments and errors as `load_layers`."""
    return _load_series(study_folder(study, home=home), "steps", trials)


def load_layers(
    study: str | Path, *, home: str | Path | None = None, trials: Iterable[int] | None = None
) -> pd.DataFrame:
    """One row a trial, recorded step and layer, sorted by these three.

    Args:
        study: Name of a study of the home folder, or the path of a study's folder.
        home: The home folder; by default `GRADSCAPE_HOME`, else `./gradscape`.
        trials: Only these trial numbers, as far as they are recorded; files without them are
            not read.

    Raises:
        StudyNotFound: If there is no such study.
        AnalysisError: If it has no finished trial, a file is damaged, or was written by a newer
            gradscape.
    """
    return _load_series(study_folder(study, home=home), "layers", trials)


def study_folder(study: str | Path, *, home: str | Path | None = None) -> Path:
    """The folder of a study, found by its name in the home folder or by its path.

    Raises:
        StudyNotFound: If there is none.
    """
    where = home_folder(home)
    is_path = isinstance(study, Path) or "/" in study or os.sep in study
    folder = Path(study) if is_path else studies_folder(where) / study
    if study in ("", ".", "..") or not tables_folder(folder).is_dir():
        raise StudyNotFound(str(study), known_studies(home=home), home_text(where))
    return folder


def known_studies(*, home: str | Path | None = None) -> list[str]:
    """Names of the studies of the home folder that have tables, sorted."""
    folder = home_folder(home)
    return [
        name for name in studies(folder) if tables_folder(studies_folder(folder) / name).is_dir()
    ]


def open_trials(folder: Path) -> tuple[TableStore, pd.DataFrame]:
    """The tables of the study in this folder, and its trials as `load_trials` has them.

    Raises:
        AnalysisError: If no trial is finished, or a file cannot be read.
    """
    store = TableStore(tables_folder(folder))
    with table_errors():
        trials = store.read_trials()
    if trials.empty:
        raise _no_trial(folder)
    return store, trials


def open_studies(
    studies: str | Path | Sequence[str | Path], *, home: str | Path | None = None
) -> tuple[TableStore | JoinedStore, pd.DataFrame]:
    """The tables and the trials of a study, or of several as one; errors as `load_trials`."""
    if isinstance(studies, (str, Path)):
        return open_trials(study_folder(studies, home=home))
    opened = [open_trials(study_folder(each, home=home)) for each in studies]
    if len(opened) == 1:
        return opened[0]
    stores, trials = [store for store, _ in opened], [frame for _, frame in opened]
    return JoinedStore.of(stores, trials), join_trials(trials)


def series_frame(
    store: TableStore | JoinedStore, table: str, trials: Collection[int]
) -> pd.DataFrame:
    """Rows of `steps` or `layers` of these recorded trials, sorted as `SERIES` says.

    Raises:
        AnalysisError: If a file cannot be read.
    """
    read = {"steps": store.read_steps, "layers": store.read_layers}[table]
    with table_errors():
        return read(trials).sort_values(SERIES[table], ignore_index=True)


def _load_series(folder: Path, table: str, trials: Iterable[int] | None) -> pd.DataFrame:
    store = TableStore(tables_folder(folder))
    with table_errors():
        recorded = store.recorded_trials()
    if not recorded:
        raise _no_trial(folder)
    return series_frame(store, table, recorded if trials is None else recorded & set(trials))


def _no_trial(folder: Path) -> AnalysisError:
    return AnalysisError(
        f"study {folder.name!r} has no finished trial yet (no trials in {tables_folder(folder)})"
    )
