"""What `gradscape predict` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SHOWN = 0.005
"""A verdict whose upper bound is below it is not worth a line; stable always is."""


def prediction_text(found: Mapping[str, Any]) -> str:
    """Returns the prediction as lines: verdicts, evidence, changes."""
    given = ", ".join(f"{name} {value}" for name, value in found["configuration"].items())
    head = f"{found['study']}, {found['trials']:,} trials: {given or 'any configuration'}"
    lines = [head]
    if found["averaged_over"]:
        lines.append(f"averaged over {', '.join(found['averaged_over'])}")
    lines.append("")
    for each in found["verdicts"]:
        if each["upper"] >= _SHOWN or each["verdict"] == "stable":
            span = f"{100 * each['lower']:.0f} to {100 * each['upper']:.0f} %"
            lines.append(f"  {each['verdict']:<12} {100 * each['probability']:3.0f} %   ({span})")
    if found["nearest"]:
        lines += ["", "most alike of what it tried", *_table(found["nearest"])]
    lines += ["", *_changes(found["changes"])]
    return "\n".join(lines)


def _changes(changes: list[Mapping[str, Any]]) -> list[str]:
    if not changes:
        return ["no single change would make stable more likely"]
    lines = ["single changes that would make stable most likely"]
    for each in changes:
        change = f"{each['hyperparameter']} {_text(each['value'])}"
        span = f"{100 * each['stable_lower']:.0f} to {100 * each['stable_upper']:.0f} %"
        lines.append(f"  {change:<28} stable {100 * each['stable']:3.0f} %   ({span})")
    return lines


def _table(rows: list[Mapping[str, Any]]) -> list[str]:
    names = [name for name in rows[0] if name not in ("trials", "agree", "alike")]
    told = [{**row, "verdict": _verdict(row)} for row in rows]
    cells = [names, *([_text(row[name]) for name in names] for row in told)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(names))]
    return [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def _verdict(row: Mapping[str, Any]) -> str:
    """Returns a configuration's verdict, and in how many of its seeds, where they disagree."""
    unanimous = row["agree"] == row["trials"]
    return row["verdict"] + ("" if unanimous else f" ({row['agree']} of {row['trials']})")


def _text(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
