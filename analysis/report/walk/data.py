"""What the walkable map carries: axes, trials, curves, theory's lines, the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis.figures.palette import DARK, LIGHT, VERDICT_COLORS
from analysis.maps.theory_lines import trainable_depths
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import stability
from analysis.report.findings.series import shown_series
from analysis.report.page.trial_card import server
from analysis.report.walk.axes import rounded
from analysis.report.walk.curves import walk_curves
from analysis.report.walk.rows import MAX_TRIALS, spread, walk_rows
from analysis.report.walk.start import Axes, space, start_axes, start_setting
from analysis.trials.counts import VERDICTS

AVERAGED = 32
"""Over the settings of so many trials the page averages a map."""


def inside(evidence: Evidence) -> np.ndarray:
    """Returns the row numbers of the trials that are in the page."""
    return spread(len(evidence.trials), MAX_TRIALS)


def walk_data(evidence: Evidence) -> dict[str, Any] | None:
    """Returns everything as JSON values; None if fewer than two hyperparameters vary."""
    start = evidence.of(start_axes)
    if start is None:
        return None
    axes, chosen = evidence.of(space), evidence.of(inside)
    trials, series, fitted = evidence.trials, evidence.of(shown_series), evidence.of(stability)
    return {
        "axes": [axis.to_dict() for axis, _ in axes],
        "verdicts": [{"name": name, "color": VERDICT_COLORS[name]} for name in VERDICTS],
        "scales": {"light": LIGHT.probability, "dark": DARK.probability},
        "rows": walk_rows(trials, axes, chosen),
        "curves": walk_curves(series.steps, series.layers),
        "start": {"x": start[0], "y": start[1], "setting": evidence.of(start_setting)},
        "theory": _theory(trials, [axis.name for axis, _ in axes], chosen),
        "mlflow": server(str(evidence.metadata.get("tracking_uri", ""))),
        "others": _others(axes, len(trials)),
        "model": None if fitted is None else fitted.export(),
    }


def _others(axes: Axes, trials: int) -> list[list[float | None]]:
    """Returns settings of evenly chosen trials, which averages over the space are taken over."""
    rows = spread(trials, AVERAGED)
    columns = [axis.column(each.of(rows)) for axis, each in axes]
    return [list(setting) for setting in zip(*columns, strict=True)]


def _theory(trials: pd.DataFrame, names: list[str], chosen: np.ndarray) -> dict[str, object]:
    """Returns what theory says of each trial, for lines along the axes that it speaks of.

    The page takes medians of the trials that are like the setting in what theory heeds.
    """
    rows = trials.iloc[chosen]
    depth = trainable_depths(rows)
    depth = np.where(np.isinf(depth), 1e6, depth)
    limit = np.full(len(rows), np.nan)
    if "predicted_max_learning_rate" in rows.columns:
        column = rows["predicted_max_learning_rate"]
        limit = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return {
        "trainable depth": {
            "on": names.index("depth") if "depth" in names else -1,
            "values": rounded(depth, 3),
        },
        "largest learning rate": {
            "on": names.index("learning_rate") if "learning_rate" in names else -1,
            "values": rounded(limit, 3),
        },
    }
