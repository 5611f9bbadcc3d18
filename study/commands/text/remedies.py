"""What would make a configuration stable, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from study.commands.text.verdict_style import COLOURS

if TYPE_CHECKING:
    from study.diagnosis import Attempt, Diagnosis, Remedy, Search


def remedy_text(remedy: Remedy, found: Diagnosis, *, number: int) -> Iterator[Text]:
    """One change that works, as soon as it is found; a heading above the first.

    Args:
        remedy: It.
        found: The diagnosis of the configuration.
        number: How many it is, from 1.
    """
    from study.diagnosis.search import LONGER

    seeds = remedy.trained.seeds
    if number == 1:
        yield Text()
        same = "the same seed" if seeds == 1 else f"the same {seeds} seeds"
        yield Text(
            f"what makes it stable, trained with {same} and then {LONGER} times as long",
            style="bold",
        )
    yield Text.assemble(
        f"  {number}. ",
        (remedy.changes.option, "bold"),
        f"  was {remedy.changes.before_text}: ",
        (f"{remedy.trained.stable} of {seeds} stable", COLOURS["stable"]),
        f", {found.metric} {_number(found.trained.metric)} -> {_number(remedy.trained.metric)}",
    )
    yield Text(f"     {remedy.changes.reason}", style="dim")


def search_text(found: Diagnosis, told: Sequence[Remedy]) -> Iterator[Text]:
    """How the search ended; nothing where none was made of what is not stable.

    Args:
        found: The whole diagnosis.
        told: The remedies that were told of while it was made.
    """
    from study.diagnosis import is_clear

    if found.search is None:
        if is_clear(found.trained.stable, found.seeds_planned):
            yield Text()
            yield Text("nothing needs to be changed", style=COLOURS["stable"])
        return
    if not told:
        yield Text()
    if len(found.remedies) < found.search.wanted:
        yield from _in_vain(found.search)
    yield from _order(found.remedies, told)
    yield Text(ending_text(found.search), style="dim")


def _order(remedies: Sequence[Remedy], told: Sequence[Remedy]) -> Iterator[Text]:
    """What was found later may come before what was found first."""
    numbers = {id(remedy): number for number, remedy in enumerate(told, start=1)}
    order = [numbers[id(remedy)] for remedy in remedies if id(remedy) in numbers]
    if order != sorted(order):
        yield Text(f"  in the order in which to try them: {', '.join(map(str, order))}")


def ending_text(search: Search) -> str:
    """How far the search came."""
    tried, there_are = len(search.attempts), search.candidates
    if search.interrupted:
        return f"interrupted after {tried} of {there_are} changes"
    if tried == there_are:
        return f"tried all {there_are} changes"
    return f"tried {tried} of {there_are} changes; the others come later in the order of trying"


def _in_vain(search: Search) -> Iterator[Text]:
    ways = {remedy.changes.ways for remedy in search.remedies}
    others = [attempt for attempt in search.attempts if attempt.changes.ways not in ways]
    if others and not search.remedies:
        yield Text("no single change of those tried makes it stable", style="bold")
    if others:
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
