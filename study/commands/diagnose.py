"""`gradscape diagnose`: one configuration, trained, explained, and what would fix it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from search_spaces.errors import InputError
from study.commands.exit_codes import ExitCode
from study.commands.options import Json, StudyFile, code_folders
from study.commands.text.diagnosis import diagnosis_text
from study.commands.text.diagnosis_json import diagnosis_json
from study.commands.text.status_line import error_console, status_line

if TYPE_CHECKING:
    from study.diagnosis import Moment

LONG_S = 120.0
"""Estimated time from which a person is warned before it is spent, even where no terminal is."""


def diagnose(
    study_file: StudyFile,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A hyperparameter; may be repeated."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds to train it with.")] = 5,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps; default the file's.")] = None,
    remedies: Annotated[
        int, typer.Option(min=1, help="Changes to look for that make it stable.")
    ] = 3,
    no_remedies: Annotated[
        bool, typer.Option("--no-remedies", help="Only train and explain it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train ONE configuration with several seeds, explain what happens, and find what would help.

    What --set leaves out is what the file fixes, or the catalogue's default where it varies. If
    the configuration is not stable, single changes are trained, the smallest first.

    Example: gradscape diagnose digits-mlp.yaml --set depth=30 --set activation=sigmoid
    """
    from study.diagnosis import diagnose

    console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
    with _watched(quiet=as_json) as watch:
        try:
            found = diagnose(
                study_file,
                _settings(set_ or []),
                seeds=seeds,
                steps=steps,
                remedies=0 if no_remedies else remedies,
                code=code_folders(study_file),
                watch=watch,
            )
        except KeyboardInterrupt:
            hint = "" if no_remedies else "; --no-remedies leaves out the search for changes"
            typer.echo(f"gradscape: interrupted{hint}", err=True)
            raise SystemExit(ExitCode.INTERRUPTED) from None
    if as_json:
        typer.echo(json.dumps(diagnosis_json(found)))
        return
    unicode = "utf" in console.encoding.lower()
    for line in diagnosis_text(found, unicode=unicode):
        console.print(line if unicode else _ascii(line))


def _settings(pairs: list[str]) -> dict[str, str]:
    settings = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise InputError(f"must be NAME=VALUE, but got {pair!r}", key="--set")
        settings[name.strip()] = value.strip()
    return settings


def _ascii(line: Text) -> Text:
    """What a terminal without Unicode can show; a person's own names may hold more."""
    return Text(line.plain.encode("ascii", "backslashreplace").decode("ascii"), style=line.style)


@contextmanager
def _watched(*, quiet: bool) -> Iterator[Callable[[Moment], None]]:
    """Shows what is trained now on a terminal; elsewhere only what will take long."""
    console = error_console()
    announced = [False, False]

    def tell(moment: Moment) -> None:
        searching = bool(moment.changes)
        if moment.seconds >= LONG_S and not announced[searching]:
            console.print(_warning(moment))
        announced[searching] = True

    if quiet or not console.is_terminal:
        yield tell
        return
    with status_line("reading", console) as line:

        def show(moment: Moment) -> None:
            tell(moment)
            line(_doing(moment))

        yield show


def _warning(moment: Moment) -> str:
    duration = f"about {_duration(moment.seconds)} on one CPU core"
    if moment.changes:
        return (
            f"gradscape: not stable; up to {moment.total} changes will be tried, {duration} at "
            f"most (--no-remedies skips this)"
        )
    return f"gradscape: training the configuration takes {duration}"


def _doing(moment: Moment) -> str:
    if not moment.changes:
        return "training the configuration"
    now = ", ".join(moment.changes[:2]) + (" ..." if len(moment.changes) > 2 else "")
    return f"{moment.tried}/{moment.total} changes tried, {moment.stable} stable; now {now}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
