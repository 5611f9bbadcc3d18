"""A diagnosis told while it is made, a line as soon as it is known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from study.commands.text.diagnosis import (
    first_look_text,
    first_seed_text,
    measurements_text,
    verdict_text,
)
from study.commands.text.diagnosis_progress import DiagnosisProgress
from study.commands.text.remedies import remedy_text, search_text

if TYPE_CHECKING:
    from study.diagnosis import Diagnosis, Event, Remedy


class DiagnosisVoice:
    """Prints what is known of a configuration as it becomes known.

    Args:
        progress: The line that is out of the way while something is printed.
        quiet: Whether to print nothing, and only to keep what is known.

    Attributes:
        found: What is known so far; None before the first seed is trained.
    """

    def __init__(self, progress: DiagnosisProgress, *, quiet: bool) -> None:
        self._console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
        self._unicode = "utf" in self._console.encoding.lower()
        self._progress, self._quiet = progress, quiet
        self._first: Diagnosis | None = None
        self._remedies: list[Remedy] = []
        self.found: Diagnosis | None = None

    def hear(self, event: Event) -> None:
        """Tells what has happened."""
        from study.diagnosis import Beginning, Diagnosis, FirstLook, Moment

        if isinstance(event, Beginning):
            self._progress.begins(event)
            self._print(
                Text.assemble(("before training: ", "bold"), notice) for notice in event.notices
            )
        elif isinstance(event, FirstLook):
            self._print(first_look_text(event))
        elif isinstance(event, Moment):
            self._progress.comes_to(event)
        elif isinstance(event, Diagnosis):
            self._tell(event)
        else:
            assert self.found is not None
            self._remedies.append(event)
            number = len(self._remedies)
            self._print(remedy_text(event, self.found, number=number))

    def _tell(self, found: Diagnosis) -> None:
        self.found = found
        if found.trained.seeds < found.seeds_planned:
            self._first = found
            self._print(first_seed_text(found))
        else:
            self._print(verdict_text(found, self._first))

    def end(self, found: Diagnosis) -> None:
        """Tells how the search ended, and then everything that was measured."""
        self._print(search_text(found, self._remedies))
        self._print(measurements_text(found, unicode=self._unicode))

    def _print(self, lines: Iterable[Text]) -> None:
        if self._quiet:
            return
        self._progress.hide()
        for line in lines:
            self._console.print(line if self._unicode else _ascii(line))
        # Whoever reads a pipe is to have it at once, too.
        self._console.file.flush()
        self._progress.show()


def _ascii(line: Text) -> Text:
    """What a terminal without Unicode can show; a person's own names may hold more."""
    return Text(line.plain.encode("ascii", "backslashreplace").decode("ascii"), style=line.style)
