"""What a run says at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from study.commands.verdict_style import COLOURS, verdict_text

if TYPE_CHECKING:
    from study.run import StudyResult


def print_result(result: StudyResult) -> None:
    """Counts by verdict and where everything lies, for people."""
    console = Console(highlight=False, soft_wrap=True)
    if result.trained == 0 and result.complete:
        console.print(
            f"study {result.study} has all of its {result.done} trials; nothing to do "
            f"(more with --trials, or another name)"
        )
    else:
        console.print(
            f"study {result.study}: {result.done} of {result.total} trials done, "
            f"{result.trained} in this run"
        )
    console.print(verdict_text(result.verdicts))
    for number, reason in result.given_up.items():
        console.print(f"trial {number} was given up: {reason}", style="yellow")
    if result.undelivered:
        console.print(
            f"{len(result.undelivered)} trials are recorded but not yet in MLflow and Optuna; "
            "the same command delivers them",
            style="yellow",
        )
    if result.notice:
        console.print(result.notice, style="yellow")
    if (result.paths.report / "index.html").exists():
        console.print(f"report   {result.paths.report / 'index.html'}")
    console.print(f"tables   {result.paths.tables}")
    console.print(f"MLflow   gradscape ui --home {result.paths.home}")


def result_json(result: StudyResult) -> dict[str, object]:
    """The same for scripts."""
    report = result.paths.report / "index.html"
    return {
        "study": result.study,
        "complete": result.complete,
        "stopped": result.stopped,
        "trials": result.total,
        "done": result.done,
        "trained": result.trained,
        "verdicts": {name: result.verdicts.get(name, 0) for name in COLOURS},
        "given_up": dict(result.given_up),
        "undelivered": list(result.undelivered),
        "seconds": {name: round(value, 3) for name, value in result.seconds.items()},
        "report": str(report) if report.exists() else None,
        "tables": str(result.paths.tables),
    }
