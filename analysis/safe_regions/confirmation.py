"""Fresh trials that were trained in a recommended box: did it keep its promise?"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from analysis.reading import study_folder
from analysis.stats.intervals import CONFIDENCE, wilson_interval
from study.tables.home import confirmation_file

_COLUMNS = ["box", "where", "trials", "stable", "share", "low", "high", "promised", "kept"]


def load_confirmation(study: str | Path, *, home: str | Path | None = None) -> pd.DataFrame | None:
    """Loads the fresh trials of all boxes that were confirmed; None if there are none.

    Args:
        study: Name or folder of the study.
        home: The home folder.

    Returns:
        The columns of the trials table, and `box` (as the column `where` of `safe_regions`) and
        `promised`, the bound that the box had when it was confirmed.

    Raises:
        StudyNotFound: If there is no such study.
    """
    path = confirmation_file(study_folder(study, home=home))
    if not path.exists():
        return None
    return pq.read_table(path).replace_schema_metadata(None).to_pandas()


def confirmed_regions(
    boxes: pd.DataFrame, confirmation: pd.DataFrame, *, confidence: float = CONFIDENCE
) -> pd.DataFrame:
    """Measures boxes on fresh trials; a box without any is left out.

    Args:
        boxes: What `safe_regions` returned; `box` and `where` are read.
        confirmation: What `load_confirmation` returned.
        confidence: Two-sided, of the Wilson intervals, in (0, 1).

    Returns:
        One row a box: `box`, `where`, number of fresh `trials`, how many were `stable`, their
        `share` with its interval `low`, `high`, the bound `promised`, and `kept`: whether the
        interval leaves it possible that the box is as pure as promised.
    """
    rows = []
    for box in boxes[["box", "where"]].to_dict("records"):
        mine = confirmation[confirmation["box"] == box["where"]]
        if mine.empty:
            continue
        stable = int((mine["verdict"] == "stable").sum())
        low, high = wilson_interval(stable, len(mine), confidence=confidence)
        promised = float(mine["promised"].iloc[-1])
        rows.append(
            {
                **box,
                "trials": len(mine),
                "stable": stable,
                "share": stable / len(mine),
                "low": float(low),
                "high": float(high),
                "promised": promised,
                "kept": bool(float(high) >= promised),
            }
        )
    return pd.DataFrame(rows, columns=_COLUMNS)
