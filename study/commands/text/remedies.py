"""What would make a configuration stable, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from study.commands.text.verdict_style import COLOURS

if TYPE_CHECKING:
    from study.diagnosis import Attempt, Change, Diagnosis, Remedy, Search, Trained


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
        f", {_measured(found, remedy.trained)}",
    )
    yield Text(f"     {remedy.changes.reason}", style="dim")
    if (name := remedy.trained.metric_name) != found.metric:
        yield Text(f"     {otherwise_measured(found.metric, name)}", style="dim")


def otherwise_measured(own: str, other: str) -> str:
    """Why a change is not measured by the task's own metric, in a sentence.

    Args:
        own: Name of the task's metric.
        other: Of that by which the change is measured.
    """
    return (
        f"{other} is the mean over the labels of the {own} among each; {own} itself may fall "
        "while rare answers are found, so give the task this metric (balanced_metric) to see them"
    )


def _measured(found: Diagnosis, after: Trained) -> str:
    """The metric before and after, by chance where it is another one than before."""
    if after.metric_name == found.metric:
        return f"{found.metric} {_number(found.trained.metric)} -> {_number(after.metric)}"
    return f"{after.metric_name} {_number(after.chance)} by chance -> {_number(after.metric)}"


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
        yield from _in_vain(found, found.search)
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
    if not there_are:
        return "there is no change to try: the file lists no other value"
    if search.interrupted:
        return f"interrupted after {tried} of {there_are} changes"
    if tried == there_are:
        return f"tried all {there_are} changes"
    if search.is_late:
        return (
            f"tried {tried} of {there_are} changes, and ended after {search.seconds:.0f} s "
            "(--seconds gives it more)"
        )
    if search.is_spent:
        cost = f"{search.trainings:.0f} trainings"
        return f"tried {tried} of {there_are} changes, and ended after {cost}, the budget"
    return f"tried {tried} of {there_are} changes; the others come later in the order of trying"


def _in_vain(found: Diagnosis, search: Search) -> Iterator[Text]:
    ways = {remedy.changes.ways for remedy in search.remedies}
    others = [attempt for attempt in search.attempts if attempt.changes.ways not in ways]
    unsure = [attempt for attempt in others if _is_unsure(attempt, found)]
    others = [attempt for attempt in others if attempt not in unsure]
    singles = [attempt for attempt in others if len(attempt.changes.parts) == 1]
    if search.narrowed:
        yield Text(f"  {search.narrowed}")
    yield from _unsure(unsure, found)
    if singles and not unsure and all(len(remedy.changes.parts) > 1 for remedy in search.remedies):
        yield Text("no single change of those tried makes it stable", style="bold")
    if singles:
        several = len(others) - len(singles)
        combined = f"; and {several} combinations of such changes" if several else ""
        yield Text(f"  tried in vain: {'; '.join(_tried(singles))}{combined}")
    nearest = search.nearest
    if nearest is not None and nearest not in unsure and _came_nearer(nearest, found):
        assert nearest.trained is not None
        yield Text(
            f"  nearest: {nearest.changes.option}, {nearest.stable} of {nearest.seeds} stable"
            f"{', lost again by a longer training' if nearest.lost else ''}, "
            f"{_measured(found, nearest.trained)}"
        )


def _is_unsure(attempt: Attempt, found: Diagnosis) -> bool:
    """Whether it is stable, but was not trained longer, for which there was no time."""
    from study.diagnosis import is_clear

    every = attempt.trained is not None and attempt.seeds == found.trained.seeds
    untried = attempt.longer is None and attempt.error is None
    return every and untried and is_clear(attempt.stable, attempt.seeds)


def _unsure(attempts: Sequence[Attempt], found: Diagnosis) -> Iterator[Text]:
    from study.diagnosis.search import LONGER

    for attempt in attempts:
        assert attempt.trained is not None
        yield Text(
            f"  {attempt.changes.option}: {attempt.stable} of {attempt.seeds} stable, "
            f"{_measured(found, attempt.trained)}; there was no time left to see whether it stays "
            f"so {LONGER} times as long (--seconds gives it more)"
        )


def _came_nearer(nearest: Attempt, found: Diagnosis) -> bool:
    """Whether it did anything: of changes that do nothing one is no nearer than the others."""
    after, before = nearest.trained, found.trained
    if after is None:
        return False
    return (
        after.progress > before.progress
        or after.endurance > before.endurance
        or bool(after.stable)
    )


def _tried(attempts: Sequence[Attempt]) -> Iterator[str]:
    """By hyperparameter: the names, or from the smallest number to the largest."""
    by_name: dict[str, list[Change]] = {}
    for attempt in attempts:
        (change,) = attempt.changes
        by_name.setdefault(change.hyperparameter, []).append(change)
    for name, mine in by_name.items():
        numbers = [each.after for each in mine if isinstance(each.after, (int, float))]
        if len(numbers) > 2 and len(numbers) == len(mine):
            yield f"{name} {min(numbers):g} to {max(numbers):g}"
        else:
            yield f"{name} {', '.join(each.after_text for each in mine)}"


def _number(value: float) -> str:
    from study.verdicts.explanation.numbers import figure

    return figure(value)
