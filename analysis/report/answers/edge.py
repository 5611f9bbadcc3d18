"""Where the edge is: the largest learning rate that trains, by depth, in one sentence."""

from __future__ import annotations

import math
from typing import Any

from analysis.labels import number_label
from analysis.report.answers.answer import Answer
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import boundaries
from analysis.trials.records import records

SAID = 3
"""So many depths are in the sentence; the table below has all."""


def where_the_edge_is(evidence: Evidence) -> Answer:
    """Returns the largest learning rates that train, with their intervals."""
    table = evidence.of(boundaries)
    if table is None:
        return Answer(lead="The edge", text="the learning rate did not vary.")
    rows = records(table)
    by_depth = [row for row in rows if row["by"] == "depth"]
    said = by_depth or [row for row in rows if not row["by"]]
    reached = [row for row in said if row["largest"] > 0]
    lead = "The largest learning rate that trains"
    if not reached:
        return Answer(
            lead=lead, text="at no learning rate do half of all trials train, whatever the rest."
        )
    chosen = [reached[place] for place in _ends(len(reached))]
    words = ", ".join(_limit(row) for row in chosen)
    unreached = [row["value"] for row in said if row not in reached]
    never = f"; fewer than half train at depth {', '.join(unreached)}" if unreached else ""
    return Answer(lead=lead, text=f"in half of all trials, {words}; 95\u00a0% intervals{never}.")


def _ends(number: int) -> list[int]:
    """Returns the first, the middle and the last of so many rows."""
    return sorted({0, (number - 1) // 2, number - 1})[:SAID]


def _limit(row: dict[str, Any]) -> str:
    at = f" at depth {row['value']}" if row["by"] else ""
    if math.isinf(row["largest"]):
        return f"beyond all that were tried{at}"
    low, high = row["largest_low"], row["largest_high"]
    if low <= 0:
        ends = "anything" if math.isinf(high) else f"at most {number_label(high)}"
    else:
        ends = f"{number_label(low)} to "
        ends += "beyond what was tried" if math.isinf(high) else number_label(high)
    return f"{number_label(row['largest'])}{at} ({ends})"
