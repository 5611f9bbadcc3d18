"""What a run says at its end."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from study.commands.text.verdict_style import COLOURS, verdict_text
from study.paths import from_here

if TYPE_CHECKING:
    from study.monitoring.study_result import StudyResult


NAMED_CAUSES = 4
"""Causes that are named at the end of a run."""


def print_result(result: StudyResult, began_in: Path) -> None:
    """Counts by verdict and where everything lies, for people; on stderr what is amiss.

    Args:
        result: What the run came to.
        began_in: Folder in which the command was called, as paths are told from there.
    """
    console = Console(highlight=False, soft_wrap=True, markup=False)
    amiss = Console(highlight=False, soft_wrap=True, markup=False, stderr=True, style="yellow")
    if result.delivered == 0 and result.complete:
        console.print(
            f"study {result.study} has all of its {result.done} trials; nothing to do "
            f"(more with --trials, or another name)"
        )
    else:
        console.print(
            f"study {result.study}: {result.done} of {result.total} trials done, "
            f"{result.trained} in this run" + _to_come(result)
        )
    console.print(verdict_text(result.verdicts))
    for line in _because(cause_counts(result)):
        console.print(line)
    for sentence in answers(result):
        console.print(sentence, markup=False, soft_wrap=True)
    for number, reason in result.failed.items():
        amiss.print(f"gradscape: trial {number} failed: {reason}")
    if result.missing:
        amiss.print(f"gradscape: {result.missing}")
    if result.undelivered:
        because = f" ({result.notice})" if result.notice else ""
        amiss.print(
            f"gradscape: {len(result.undelivered)} trials are recorded but not yet in MLflow and "
            f"Optuna{because}; the same command delivers them"
        )
    elif result.notice:
        amiss.print(f"gradscape: {result.notice}")
    if (result.paths.report / "index.html").exists():
        console.print(f"report   {from_here(result.paths.report / 'index.html', began_in)}")
    console.print(f"tables   {from_here(result.paths.tables, began_in)}")
    home = shlex.quote(str(from_here(result.paths.home, began_in)))
    console.print(f"MLflow   {result.tracking_uri or f'gradscape ui --home {home}'}")


def answers(result: StudyResult) -> list[str]:
    """Returns the first sentences of the report, if it is of all that is done."""
    file = result.paths.report / "summary.json"
    if not file.is_file():
        return []
    summary = json.loads(file.read_text(encoding="utf-8"))
    # A report of before has none.
    return list(summary.get("answers", ())) if summary["trials"] == result.done else []


def cause_counts(result: StudyResult) -> dict[str, int]:
    """Number of trials in this home by what they failed of, the most frequent first."""
    from study.tables import TableStore

    if not result.done or not result.paths.tables.is_dir():
        return {}
    causes = TableStore(result.paths.tables).read_trials(columns=["cause"])["cause"].dropna()
    counts = causes[causes != "none"].value_counts()
    return {str(name): int(count) for name, count in counts.items()}


def _because(causes: Mapping[str, int]) -> Iterator[str]:
    from study.tables.schema import CAUSES

    named = list(causes.items())[:NAMED_CAUSES]
    width = max((len(str(count)) for _, count in named), default=0)
    for name, count in named:
        yield f"  {count:{width}} because {CAUSES.get(name, name)}"
    rest = sum(causes.values()) - sum(count for _, count in named)
    if rest:
        yield f"  {rest:{width}} for other causes, which the report counts"


def _to_come(result: StudyResult) -> str:
    if result.settled is not None:
        return "; the map has stopped changing"
    if result.stopped and result.done < result.total:
        return "; the same command goes on"
    earlier = result.delivered - result.trained
    return f"; {earlier} of earlier runs delivered" if earlier > 0 else ""


def result_json(result: StudyResult) -> dict[str, object]:
    """The same for scripts."""
    report = result.paths.report / "index.html"
    return {
        "study": result.study,
        "complete": result.complete,
        "stopped": result.stopped,
        "settled": result.settled,
        "trials": result.total,
        "done": result.done,
        "trained": result.trained,
        "verdicts": {name: result.verdicts.get(name, 0) for name in COLOURS},
        "causes": cause_counts(result),
        "failed": dict(result.failed),
        "delivered": result.delivered,
        "elsewhere": list(result.elsewhere),
        "undelivered": list(result.undelivered),
        "notice": result.notice,
        "seconds": {name: round(value, 3) for name, value in result.seconds.items()},
        "report": str(report) if report.exists() else None,
        "tables": str(result.paths.tables),
    }
