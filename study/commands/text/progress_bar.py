"""Progress of a run on the terminal; plain lines where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from study.commands.text.verdict_style import verdict_text
from study.monitoring.progress import ProgressLines, StudyProgress, numbers_text


@contextmanager
def watched(study: str, *, quiet: bool) -> Iterator[Callable[[StudyProgress], None]]:
    """A display of the run while the block lasts; the function it gives updates it."""
    console = Console(stderr=True)
    if quiet:
        yield lambda progress: None
    elif console.is_terminal:
        with Live(console=console, refresh_per_second=4, transient=True) as live:
            live.update(Text(f"{study}: starting workers"))
            yield lambda progress: live.update(_display(study, progress))
    else:
        yield _plain(study, console)


def _display(study: str, progress: StudyProgress) -> Table:
    grid = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=progress.total, completed=progress.done, width=30)
    grid.add_row(Text(study, style="bold"), bar, Text(numbers_text(progress)))
    lines = Table.grid()
    lines.add_row(grid)
    if progress.phase:
        lines.add_row(Text(progress.phase))
    if progress.verdicts:
        lines.add_row(verdict_text(progress.verdicts))
    if progress.notice:
        lines.add_row(Text(f"{progress.notice}; results wait on disk", style="yellow"))
    return lines


def _plain(study: str, console: Console) -> Callable[[StudyProgress], None]:
    def say(line: str) -> None:
        console.print(f"{study}: {line}", markup=False, highlight=False, soft_wrap=True)

    return ProgressLines(say)
