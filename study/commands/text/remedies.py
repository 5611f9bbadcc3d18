"""What would make a configuration stable, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from study.commands.text.verdict_style import COLOURS

if TYPE_CHECKING:
    from study.diagnosis import Attempt, Diagnosis, Search


def remedies_text(found: Diagnosis) -> Iterator[Text]:
    """Line by line; nothing where no remedies were asked for."""
    from study.diagnosis import is_clear

    if found.search is None:
        if is_clear(found.trained.stable, found.trained.seeds):
            yield Text()
            yield Text("it is stable: nothing needs to be changed", style=COLOURS["stable"])
        return
    yield Text()
    if found.remedies:
        yield from _found(found, found.search)
    if len(found.remedies) < found.search.wanted:
        yield from _in_vain(found.search)
    tried, there_are = len(found.search.attempts), found.search.candidates
    yield Text(
        f"tried all {there_are} changes"
        if tried == there_are
        else f"tried {tried} of {there_are} changes; the others are larger",
        style="dim",
    )


def _found(found: Diagnosis, search: Search) -> Iterator[Text]:
    count = len(search.remedies)
    seeds = found.trained.seeds
    with_seeds = "the same seed" if seeds == 1 else f"the same {seeds} seeds"
    yield Text(
        f"this change makes it stable, trained with {with_seeds}"
        if count == 1
        else f"each of these {count} changes alone makes it stable, the smallest first, trained "
        f"with {with_seeds}",
        style="bold",
    )
    settings = [remedy.changes.option for remedy in search.remedies]
    width = max(map(len, settings))
    for number, (remedy, setting) in enumerate(
        zip(search.remedies, settings, strict=True), start=1
    ):
        yield Text.assemble(
            f"  {number}. ",
            (f"{setting:{width}}", "bold"),
            f"  was {remedy.changes.before_text}: ",
            (f"{remedy.trained.stable} of {seeds} stable", COLOURS["stable"]),
            f", {found.metric} {_number(found.trained.metric)}",
            f" -> {_number(remedy.trained.metric)}",
        )
        yield Text(f"     {remedy.changes.reason}", style="dim")


def _in_vain(search: Search) -> Iterator[Text]:
    ways = {remedy.changes.ways for remedy in search.remedies}
    others = [attempt for attempt in search.attempts if attempt.changes.ways not in ways]
    if not search.remedies:
        yield Text("no single change of those tried makes it stable", style="bold")
    yield Text(f"  tried in vain: {'; '.join(_tried(others))}")
    best = max(others, key=lambda attempt: attempt.stable, default=None)
    if best is not None and best.stable:
        yield Text(f"  closest: {best.changes}, stable with {best.stable} of {best.seeds} seeds")


def _tried(attempts: Sequence[Attempt]) -> Iterator[str]:
    """By hyperparameter: the names, or from the smallest number to the largest."""
    by_name: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        names = " and ".join(change.hyperparameter for change in attempt.changes)
        by_name.setdefault(names, []).append(attempt)
    for name, mine in by_name.items():
        values = [attempt.changes.parts[0].after for attempt in mine if " and " not in name]
        numbers = [value for value in values if isinstance(value, (int, float))]
        if len(numbers) > 2 and len(numbers) == len(mine):
            yield f"{name} {min(numbers):g} to {max(numbers):g}"
        else:
            yield f"{name} {', '.join(_after(attempt) for attempt in mine)}"


def _after(attempt: Attempt) -> str:
    return " with ".join(change.after_text for change in attempt.changes)


def _number(value: float) -> str:
    from study.verdicts.explanation.numbers import figure

    return figure(value)
