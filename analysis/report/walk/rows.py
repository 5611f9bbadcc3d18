"""The trials inside the page: settings, verdicts, causes, explanations, MLflow runs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.report.walk.axes import WalkAxis, rounded
from analysis.space.coordinates import Coordinate
from analysis.trials.counts import VERDICTS
from study.tables.schema import CAUSES

MAX_TRIALS = 20_000
"""So many trials are in the page; of more, evenly spaced ones. The tables have all."""


def walk_rows(
    trials: pd.DataFrame, axes: list[tuple[WalkAxis, Coordinate]], chosen: np.ndarray
) -> dict[str, object]:
    """Returns the trials column by column, as JSON values.

    Args:
        trials: Trials table.
        axes: What `walk_axes` returned for it.
        chosen: Row numbers of those that go into the page.
    """
    rows = trials.iloc[chosen]
    verdicts = {name: index for index, name in enumerate(VERDICTS)}
    causes = rows.get("cause", pd.Series("", index=rows.index)).fillna("").astype("str")
    known = [name for name in CAUSES if name != "none" and (causes == name).any()]
    cause_index = {name: index for index, name in enumerate(known)}
    return {
        "trial": [int(number) for number in rows["trial"]],
        "verdict": [verdicts[verdict] for verdict in rows["verdict"]],
        "cause": [cause_index.get(cause, -1) for cause in causes],
        "causes": [{"name": name.replace("_", " "), "meaning": CAUSES[name]} for name in known],
        "explanation": _texts(rows, "explanation"),
        "run": _texts(rows, "mlflow_run_id"),
        "seed": [int(seed) for seed in rows["seed"]],
        "steps": rounded(_numbers(rows, "steps_run"), 7),
        "loss": rounded(_numbers(rows, "loss_final"), 4),
        "metric": rounded(_numbers(rows, "metric_final"), 4),
        "settings": [axis.column(each.of(chosen)) for axis, each in axes],
    }


def spread(number: int, most: int) -> np.ndarray:
    """Returns row numbers: all, or `most` evenly spaced ones."""
    if number <= most:
        return np.arange(number)
    return np.unique(np.linspace(0, number - 1, most).round().astype(np.int64))


def _texts(rows: pd.DataFrame, name: str) -> list[str]:
    if name not in rows.columns:
        return [""] * len(rows)
    return [value if isinstance(value, str) else "" for value in rows[name]]


def _numbers(rows: pd.DataFrame, name: str) -> np.ndarray:
    if name not in rows.columns:
        return np.full(len(rows), np.nan)
    return rows[name].to_numpy(dtype=np.float64, na_value=np.nan)
