"""What a diagnosis is at: a line with a bar on a terminal, one line of warning elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from study.commands.text.status_line import error_console

if TYPE_CHECKING:
    from study.diagnosis import Beginning, Moment

LONG_S = 120.0
"""Estimated time from which a person is warned before it is spent, even where no terminal is."""


class DiagnosisProgress:
    """Shows on standard error what is trained now; a context manager.

    Args:
        quiet: Whether to show nothing at all.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._console = error_console()
        self._quiet = quiet
        self._label, self._since_s = Text("reading"), time.monotonic()
        self._moment: Moment | None = None
        self._searching = False
        self._live: Live | None = None
        self._spinner = Spinner("dots")

    def __enter__(self) -> DiagnosisProgress:
        self.show()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hide()

    def show(self) -> None:
        """Draws the line, if there is a terminal."""
        if self._quiet or not self._console.is_terminal or self._live is not None:
            return
        # What is printed to standard output while the line is hidden goes there, not through it.
        self._live = Live(
            console=self._console,
            get_renderable=self._display,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def hide(self) -> None:
        """Takes the line away, so that others can print."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def begins(self, beginning: Beginning) -> None:
        """Shows that the configuration is trained; warns if that will take long."""
        self._label = Text(
            f"training {beginning.network} on {beginning.task}, {beginning.steps} steps"
        )
        if beginning.seconds >= LONG_S:
            self._warn(f"training the configuration takes {_on_one_core(beginning.seconds)}")

    def comes_to(self, moment: Moment) -> None:
        """Shows what is trained now; warns once if the search will take long."""
        self._moment, self._since_s = moment, time.monotonic()
        if not moment.changes:
            self._label = Text("training the other seeds")
            return
        now = ", ".join(moment.changes[:2]) + (" ..." if len(moment.changes) > 2 else "")
        self._label = Text(f"trying {now}")
        if not self._searching and moment.seconds >= LONG_S:
            self._warn(
                f"not stable; up to {moment.total} changes will be tried, "
                f"{duration(moment.seconds)} at most (--seconds sets that, --no-remedies skips "
                f"it, Ctrl-C keeps what is found)"
            )
        self._searching = True

    def _warn(self, text: str) -> None:
        if not self._quiet:
            self.hide()
            self._console.print(f"gradscape: {text}")
            self.show()

    def _display(self) -> Table:
        grid = Table.grid(padding=(0, 1))
        moment = self._moment
        if moment is None or not moment.total:
            grid.add_row(self._spinner, self._label, Text(self._time_left(), style="dim"))
            return grid
        bar = ProgressBar(total=moment.total, completed=moment.tried, width=20)
        work = f"{moment.stable} found" if moment.stable else "none found yet"
        counted = f"{moment.tried} of {moment.total} tried, {work}"
        grid.add_row(bar, Text(counted), Text(self._time_left(), style="dim"))
        lines = Table.grid()
        lines.add_row(grid)
        lines.add_row(Text(self._label.plain, style="dim", overflow="ellipsis", no_wrap=True))
        return lines

    def _time_left(self) -> str:
        if self._moment is None:
            return ""
        left = self._moment.seconds - (time.monotonic() - self._since_s)
        return f"about {duration(left)} left" if left >= 1 else "a moment left"


def _on_one_core(seconds: float) -> str:
    return f"about {duration(seconds)} on one CPU core"


def duration(seconds: float) -> str:
    """Writes a time as people say it: 40 s, 3 min, 2.5 h."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
