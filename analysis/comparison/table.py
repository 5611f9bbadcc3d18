"""Every difference between two studies as one row of one table."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.comparison.compare import Comparison
from analysis.stats.intervals import CONFIDENCE
from analysis.trials.records import records


def comparison_table(comparison: Comparison) -> pd.DataFrame:
    """Lists every difference as one row of one table.

    Returns:
        `what` is compared ("verdict", "cell", "largest learning rate", "importance", "same
        trials"), of which `name`, in which cell (`x_name`, `x`, `y_name`, `y`); the values
        `before` and `after` and the trials they rest on; `difference` (for learning rates the
        factor) with its interval `low`, `high`, and whether it is `evidence` of a change.
    """
    rows = _verdict_rows(comparison)
    for table in comparison.maps:
        rows += _cell_rows(table)
    rows += _edge_rows(comparison)
    columns = ["what", "name", "x_name", "x", "y_name", "y", "before", "after"]
    columns += ["before_trials", "after_trials", "difference", "low", "high", "evidence"]
    return pd.DataFrame(rows, columns=columns)


def _verdict_rows(comparison: Comparison) -> list[dict[str, object]]:
    """Returns the shares of the verdicts, and of being stable among the same trials."""
    rows: list[dict[str, object]] = []
    sizes = {
        "before_trials": len(comparison.shared.before),
        "after_trials": len(comparison.shared.after),
    }
    for row in records(comparison.verdicts):
        shares = {"before": row["before_share"], "after": row["after_share"]}
        rows.append({"what": "verdict", "name": row["verdict"], **_change(row), **sizes, **shares})
    for row in records(comparison.pairs):
        if row["pairs"]:
            pairs = {"before_trials": row["pairs"], "after_trials": row["pairs"]}
            shares = {
                "before": (row["both"] + row["only_before"]) / row["pairs"],
                "after": (row["both"] + row["only_after"]) / row["pairs"],
                "evidence": row["p_value"] < 1 - CONFIDENCE,
            }
            rows.append(
                {"what": "same trials", "name": "stable", **_change(row), **pairs, **shares}
            )
    return rows


def _cell_rows(table: pd.DataFrame) -> list[dict[str, object]]:
    return [
        {
            "what": "cell",
            "name": "stable",
            "x_name": table.attrs["x"],
            "x": row["x"],
            "y_name": table.attrs["y"],
            "y": row["y"],
            "before": row["before_share"],
            "after": row["after_share"],
            "before_trials": row["before_trials"],
            "after_trials": row["after_trials"],
            **_change(row),
        }
        for row in records(table)
    ]


def _change(row: dict[str, Any]) -> dict[str, object]:
    return {name: row.get(name) for name in ("difference", "low", "high", "evidence")}


def _edge_rows(comparison: Comparison) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {
            "what": "importance",
            "name": row["hyperparameter"],
            "before": row["importance_before"],
            "after": row["importance_after"],
            "difference": row["difference"],
            "evidence": row["evidence"],
        }
        for row in records(comparison.importance)
    ]
    table = comparison.learning_rates
    if table is None:
        return rows
    by = [name for name in table.columns if name in comparison.shared.common]
    for row in records(table):
        cell = {f"{axis}_name": name for axis, name in zip("xy", by, strict=False)}
        cell |= {axis: row[name] for axis, name in zip("xy", by, strict=False)}
        rows.append(
            {
                "what": "largest learning rate",
                "name": "learning_rate",
                **cell,
                "before": row["largest_before"],
                "after": row["largest_after"],
                "before_trials": row["trials_before"],
                "after_trials": row["trials_after"],
                "difference": row["factor"],
                "evidence": row["evidence"],
            }
        )
    return rows
