"""Dates as people write them, to be said as computers do: a translation by characters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import torch

from study.engine.tasks.data.translated import translated
from study.engine.tasks.error import TaskError, check_at_least
from study.engine.tasks.task import Task

SEED = 2015

EXAMPLES = 10_000

FIRST_YEAR, LAST_YEAR = 1950, 2049

TARGET = 0.75
"""Who has not read the date, but knows what was said before, says 0.52 of the characters right."""

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

FORMATS: Mapping[str, Callable[[date, str], str]] = {
    "3 March 2021": lambda day, month: f"{day.day} {month} {day.year}",
    "March 3, 2021": lambda day, month: f"{month} {day.day}, {day.year}",
    "3 Mar 2021": lambda day, month: f"{day.day} {month[:3]} {day.year}",
    "03/03/2021": lambda day, month: f"{day.month:02}/{day.day:02}/{day.year}",
    "3.3.2021": lambda day, month: f"{day.day}.{day.month}.{day.year}",
}
"""The third of March in each; the one with strokes begins with the month."""


def dates(
    *,
    first_year: int = FIRST_YEAR,
    last_year: int = LAST_YEAR,
    examples: int = EXAMPLES,
) -> Task:
    """Characters (N, T + 10): a date in one of five formats, a start token, the date in ISO 8601.

    "3 March 2021", "March 3, 2021", "3 Mar 2021", "03/03/2021" (the month first) and "3.3.2021"
    all are "2021-03-03". Days and formats are drawn evenly. What is said has ten characters, whose
    right ones stand among the inputs one time step later (teacher forcing): a network never has
    to go on from its own mistakes. A date is said in another order than it is read, and months
    have names, so that each character is to be looked up where the format has it.

    Args:
        first_year: At least 1000.
        last_year: From `first_year` to 9999.
        examples: N.

    Raises:
        TaskError: If a number is out of range.

    References:
        Bahdanau, Cho and Bengio, Neural machine translation by jointly learning to align and
        translate, ICLR 2015, for attention as an alignment; ISO 8601 for what is said.
    """
    check_at_least(1000, first_year=first_year)
    if not first_year <= last_year <= 9999:
        raise TaskError(
            f"must be from first_year = {first_year} to 9999, but got {last_year}",
            parameter="last_year",
        )
    check_at_least(1, examples=examples)
    generator = torch.Generator().manual_seed(SEED)
    first = date(first_year, 1, 1)
    span = (date(last_year, 12, 31) - first).days + 1
    days = torch.randint(span, (examples,), generator=generator).tolist()
    formats = torch.randint(len(FORMATS), (examples,), generator=generator).tolist()
    drawn = [first + timedelta(days=number) for number in days]
    ways = list(FORMATS.values())
    return translated(
        "dates",
        [ways[way](day, MONTHS[day.month - 1]) for day, way in zip(drawn, formats, strict=True)],
        [day.isoformat() for day in drawn],
        target=TARGET,
    )
