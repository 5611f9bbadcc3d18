"""Reading a study's tables: trials, steps, layers, as pandas DataFrames."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from analysis.errors import AnalysisError, StudyNotFound
from study.tables.schema import METADATA_KEY, SCHEMA_VERSION

DEFAULT_HOME = "gradscape"


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
    folder = study_folder(study, home=home)
    table, metadata = _read(folder, "trials")
    trials = _tidy(table, ["trial"])
    trials["mlflow_run_id"] = _run_ids(folder, trials)
    trials.attrs = dict(metadata.items())
    return trials


def load_steps(
    study: str | Path, *, home: str | Path | None = None, trials: Iterable[int] | None = None
) -> pd.DataFrame:
    """One row a trial and recorded step, sorted; arguments and errors as `load_layers`."""
    return _load_series(study, home, "steps", ["trial", "step"], trials)


def load_layers(
    study: str | Path, *, home: str | Path | None = None, trials: Iterable[int] | None = None
) -> pd.DataFrame:
    """One row a trial, recorded step and layer, sorted by these three.

    Args:
        study: Name of a study of the home folder, or the path of a study's folder.
        home: The home folder; by default `GRADSCAPE_HOME`, else `./gradscape`.
        trials: Only these trial numbers; files and row groups without them are not read.

    Raises:
        StudyNotFound: If there is no such study.
        AnalysisError: If it has no finished trial, or was written by a newer gradscape.
    """
    return _load_series(study, home, "layers", ["trial", "step", "layer"], trials)


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


def _load_series(
    study: str | Path,
    home: str | Path | None,
    name: str,
    keys: list[str],
    trials: Iterable[int] | None,
) -> pd.DataFrame:
    folder = study_folder(study, home=home)
    finished, metadata = _read(folder, "trials", columns=["trial"])
    # A crash before the trials part leaves series of a trial that does not exist yet.
    wanted = set(finished["trial"].to_pylist())
    if trials is not None:
        wanted &= {int(number) for number in trials}
    table, _ = _read(folder, name, wanted=sorted(wanted))
    frame = _tidy(table, keys)
    frame.attrs = dict(metadata.items())
    return frame


def _read(
    folder: Path,
    name: str,
    *,
    columns: Sequence[str] | None = None,
    wanted: Sequence[int] | None = None,
) -> tuple[pa.Table, dict[str, object]]:
    parts = _parts(folder, name)
    if not parts:
        raise AnalysisError(
            f"study {folder.name!r} has no finished trial yet (no {name} in {folder / 'tables'})"
        )
    # Parts may differ: a column that is null throughout one part, integers in an older one.
    schemas = [fragment.physical_schema for fragment in ds.dataset(parts).get_fragments()]
    metadata = [_metadata(schema, part) for schema, part in zip(schemas, parts, strict=True)]
    unified = pa.unify_schemas(schemas, promote_options="permissive")
    chosen = None if wanted is None else ds.field("trial").isin(pa.array(wanted, pa.int64()))
    dataset = ds.dataset(parts, schema=unified, format="parquet")
    return dataset.to_table(columns=columns, filter=chosen), metadata[-1]


def _parts(folder: Path, name: str) -> list[str]:
    found = (folder / "tables" / name).glob("part-*.parquet")
    return [str(path) for path in sorted(found)]


def _metadata(schema: pa.Schema, part: str) -> dict[str, object]:
    raw = (schema.metadata or {}).get(METADATA_KEY)
    if raw is None:
        raise AnalysisError(f"{part} is no gradscape table: it lacks the metadata key 'gradscape'")
    metadata: dict[str, object] = json.loads(raw)
    version = metadata.get("schema_version")
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise AnalysisError(
            f"{part} has schema version {version}, but this gradscape reads up to "
            f"{SCHEMA_VERSION}; upgrade gradscape to read it"
        )
    return metadata


def _tidy(table: pa.Table, keys: list[str]) -> pd.DataFrame:
    frame = table.replace_schema_metadata(None).to_pandas()
    # A crash can leave a trial in two parts, with the same numbers.
    return frame.drop_duplicates(keys).sort_values(keys, ignore_index=True)


def _run_ids(folder: Path, trials: pd.DataFrame) -> pd.Series:
    known = trials.get("mlflow_run_id", pd.Series(index=trials.index, dtype="str"))
    if not _parts(folder, "runs"):
        return known.astype("str")
    table, _ = _read(folder, "runs", columns=["trial", "mlflow_run_id"])
    runs = table.to_pandas().dropna().drop_duplicates("trial").set_index("trial")["mlflow_run_id"]
    return trials["trial"].map(runs).astype("str").fillna(known.astype("str"))
