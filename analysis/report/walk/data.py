"""What the walkable map carries: axes, trials, curves, theory's lines, the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis.figures.palette import DARK, LIGHT, VERDICT_COLORS
from analysis.maps.theory_lines import CRITICAL_AXES, theory_lines
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.series import shown_series
from analysis.report.page.trial_card import server
from analysis.report.walk.curves import walk_curves
from analysis.report.walk.rows import MAX_TRIALS, spread, walk_rows
from analysis.report.walk.start import Axes, space, start_axes, start_setting
from analysis.space.cells import cells
from analysis.trials.counts import VERDICTS
from analysis.trials.records import records

AVERAGED = 32
"""Over the settings of so many trials the page averages a map."""

_THEORY_ON = ("depth", "learning_rate", *CRITICAL_AXES)


def inside(evidence: Evidence) -> np.ndarray:
    """Returns the row numbers of the trials that are in the page."""
    return spread(len(evidence.trials), MAX_TRIALS)


def walk_data(evidence: Evidence) -> dict[str, Any] | None:
    """Returns everything as JSON values; None if fewer than two hyperparameters vary."""
    start = evidence.of(start_axes)
    if start is None:
        return None
    axes, chosen = evidence.of(space), evidence.of(inside)
    trials, series = evidence.trials, evidence.of(shown_series)
    return {
        "axes": [axis.to_dict() for axis, _ in axes],
        "verdicts": [{"name": name, "color": VERDICT_COLORS[name]} for name in VERDICTS],
        "scales": {"light": LIGHT.probability, "dark": DARK.probability},
        "rows": walk_rows(trials, axes, chosen),
        "curves": walk_curves(series.steps, series.layers),
        "start": {"x": start[0], "y": start[1], "setting": evidence.of(start_setting)},
        "theory": _theory(trials, [axis.name for axis, _ in axes]),
        "mlflow": server(str(evidence.metadata.get("tracking_uri", ""))),
        "others": _others(axes, len(trials)),
        "weights": [1.0] * len(axes),
        "model": None,
    }


def _others(axes: Axes, trials: int) -> list[list[float | None]]:
    """Returns settings of evenly chosen trials, which averages over the space are taken over."""
    rows = spread(trials, AVERAGED)
    columns = [axis.column(each.of(rows)) for axis, each in axes]
    return [list(setting) for setting in zip(*columns, strict=True)]


def _theory(trials: pd.DataFrame, names: list[str]) -> list[dict[str, object]]:
    """Returns theory's lines of all pairs: where each lies, cell by cell of the other axis."""
    found = []
    for on in [name for name in names if name in _THEORY_ON]:
        for other in [name for name in names if name != on]:
            lines = theory_lines(trials, on, other)
            across = cells(trials, other)
            for line, rows in lines[lines["on"] == on].groupby("line", sort=False):
                steps = []
                for row in records(rows):
                    ends = _ends(row["cell"], across.lows, across.highs, len(across.labels))
                    steps.append({"from": ends[0], "to": ends[1], "value": row["value"]})
                finite = [step for step in steps if np.isfinite(step["value"])]
                found.append(
                    {
                        "line": str(line),
                        "on": names.index(on),
                        "other": names.index(other),
                        "steps": finite,
                    }
                )
    return found


def _ends(cell: int, lows: np.ndarray, highs: np.ndarray, number: int) -> tuple[float, float]:
    """Returns where a cell begins and ends along its axis, in [0, 1]: cells are as wide as each
    other, in the axis' own scale."""
    bins = int((lows < highs).sum())
    return (cell / (bins or number), (cell + 1) / (bins or number))
