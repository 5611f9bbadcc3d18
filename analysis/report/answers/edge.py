"""Where the edge is: the largest learning rate that trains, by depth, in one sentence."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from analysis.labels import number_label
from analysis.report.answers.answer import Answer
from analysis.report.findings.edge import edge_by_depth
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import boundaries
from analysis.trials.records import records

LEAD = "The largest learning rate that trains"


def where_the_edge_is(evidence: Evidence) -> Answer:
    """Returns the largest learning rates that train, with their intervals."""
    edge = evidence.of(edge_by_depth)
    if len(edge):
        return _at_the_setting(edge)
    table = evidence.of(boundaries)
    if table is None:
        return Answer(lead="The edge", text="the learning rate did not vary.")
    return _of_all_trials(table)


def _at_the_setting(edge: pd.DataFrame) -> Answer:
    rows = records(edge)
    reached = [row for row in rows if row["largest"] > 0]
    if not reached:
        return Answer(
            lead=LEAD, text="at the setting of the map no learning rate is likely to train."
        )
    words = ", ".join(_edge(reached[place]) for place in _ends(len(reached)))
    lost = [number_label(row["depth"]) for row in rows if row not in reached]
    never = f"; none is likely to train at depth {', '.join(lost)}" if lost else ""
    return Answer(
        lead=LEAD, text=f"at the setting of the map, {words}; 95\u00a0% intervals{never}."
    )


def _edge(row: dict[str, Any]) -> str:
    at = "" if math.isnan(row["depth"]) else f" at depth {number_label(row['depth'])}"
    if math.isinf(row["largest"]):
        return f"beyond all that were tried{at}"
    return f"{number_label(row['largest'])}{at} ({_interval(row['low'], row['high'])})"


def _interval(low: float, high: float) -> str:
    upper = "beyond what was tried" if math.isinf(high) else number_label(high)
    if not low > 0:
        return "unbounded" if math.isinf(high) else f"at most {upper}"
    return f"{number_label(low)} to {upper}"


def _of_all_trials(table: pd.DataFrame) -> Answer:
    """Says it of all trials, where there are too few for a model."""
    rows = records(table)
    said = [row for row in rows if row["by"] == "depth"] or [row for row in rows if not row["by"]]
    reached = [row for row in said if row["largest"] > 0]
    if not reached:
        return Answer(
            lead=LEAD, text="at no learning rate do half of all trials train, whatever the rest."
        )
    words = ", ".join(_limit(reached[place]) for place in _ends(len(reached)))
    unreached = [row["value"] for row in said if row not in reached]
    never = f"; fewer than half train at depth {', '.join(unreached)}" if unreached else ""
    return Answer(lead=LEAD, text=f"in half of all trials, {words}; 95\u00a0% intervals{never}.")


def _ends(number: int) -> list[int]:
    """Returns the first, the middle and the last of so many rows."""
    return sorted({0, (number - 1) // 2, number - 1})


def _limit(row: dict[str, Any]) -> str:
    at = f" at depth {row['value']}" if row["by"] else ""
    if math.isinf(row["largest"]):
        return f"beyond all that were tried{at}"
    interval = _interval(row["largest_low"], row["largest_high"])
    return f"{number_label(row['largest'])}{at} ({interval})"
