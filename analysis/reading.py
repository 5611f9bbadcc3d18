"""Reading a study's tables: trials, steps, layers, as pandas DataFrames."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa

from analysis.errors import StudyNotFound
from analysis.part_files import concatenated, part_files, read_file
from analysis.parts import Parts, read_parts, read_trials

DEFAULT_HOME = "gradscape"

SERIES = {"steps": ["trial", "step"], "layers": ["trial", "step", "layer"]}
"""Tables with several rows a trial, and what they are sorted by."""


def load_trials(study: str | Path, *, home: str | Path | None = None) -> pd.DataFrame:
    """One row a trial, sorted by trial number.

    Args:
        study: Name of a study of the home folder, or the path of a study's folder.
        home: The home folder; by default `GRADSCAPE_HOME`, else `./gradscape`.

    Returns:
        The columns of docs/tables.md and one column a hyperparameter: +inf where a number is
        `none` (no clipping), null where a hyperparameter does not apply. `DataFrame.attrs` is
        the study's metadata (study, task, network, hyperparameters, thresholds).

    Raises:
        StudyNotFound: If there is no such study.
        AnalysisError: If it has no finished trial, or was written by a newer gradscape.
    """
    return trials_frame(study_folder(study, home=home))[1]


def load_steps(
    study: str | Path, *, home: str | Path | None = None, trials: Iterable[int] | None = None
) -> pd.DataFrame:
    """One row a trial and recorded step, sorted; arguments and errors as `load_layers`."""
    return series_frame(read_parts(study_folder(study, home=home)), "steps", trials)


def load_layers(
    study: str | Path, *, home: str | Path | None = None, trials: Iterable[int] | None = None
) -> pd.DataFrame:
    """One row a trial, recorded step and layer, sorted by these three.

    Args:
        study: Name of a study of the home folder, or the path of a study's folder.
        home: The home folder; by default `GRADSCAPE_HOME`, else `./gradscape`.
        trials: Only these trial numbers; files without them are not read.

    Raises:
        StudyNotFound: If there is no such study.
        AnalysisError: If it has no finished trial, or was written by a newer gradscape.
    """
    return series_frame(read_parts(study_folder(study, home=home)), "layers", trials)


def study_folder(study: str | Path, *, home: str | Path | None = None) -> Path:
    """The folder of a study, found by its name in the home folder or by its path.

    Raises:
        StudyNotFound: If there is none.
    """
    studies = home_folder(home) / "studies"
    is_path = isinstance(study, Path) or "/" in study or os.sep in study
    folder = Path(study) if is_path else studies / study
    if study in ("", ".", "..") or not (folder / "tables").is_dir():
        raise StudyNotFound(str(study), known_studies(home=home), str(studies))
    return folder


def known_studies(*, home: str | Path | None = None) -> list[str]:
    """Names of the studies of the home folder, sorted."""
    studies = home_folder(home) / "studies"
    return sorted(folder.parent.name for folder in studies.glob("*/tables") if folder.is_dir())


def home_folder(home: str | Path | None = None) -> Path:
    """`home`, else `GRADSCAPE_HOME`, else `./gradscape`."""
    return Path(home or os.environ.get("GRADSCAPE_HOME") or DEFAULT_HOME)


def trials_frame(folder: Path) -> tuple[Parts, pd.DataFrame]:
    """The parts of the study in this folder, and its trials as `load_trials` has them."""
    parts, table = read_trials(folder)
    trials = _frame(table)
    trials["mlflow_run_id"] = _run_ids(folder, trials)
    trials.attrs = dict(parts.metadata.items())
    return parts, trials


def series_frame(parts: Parts, table: str, trials: Iterable[int] | None = None) -> pd.DataFrame:
    """Rows of `steps` or `layers`, as `load_steps` and `load_layers` have them."""
    rows = _frame(parts.read(table, trials))
    frame = rows.sort_values(SERIES[table], ignore_index=True)
    frame.attrs = dict(parts.metadata.items())
    return frame


def _frame(table: pa.Table) -> pd.DataFrame:
    # Columns are handed over one by one, so that there are never two copies of all.
    frame: pd.DataFrame = table.replace_schema_metadata(None).to_pandas(
        split_blocks=True, self_destruct=True
    )
    return frame


def _run_ids(folder: Path, trials: pd.DataFrame) -> pd.Series:
    known = trials.get("mlflow_run_id", pd.Series(index=trials.index, dtype="str")).astype("str")
    tables = [read_file(path, ["trial", "mlflow_run_id"]) for path in part_files(folder, "runs")]
    if not tables:
        return known
    runs = concatenated(tables).to_pandas().dropna().drop_duplicates("trial").set_index("trial")
    return trials["trial"].map(runs["mlflow_run_id"]).astype("str").fillna(known)
