"""`gradscape diagnose`: one configuration, trained, explained, and what would fix it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from search_spaces.errors import InputError
from study.commands.arguments.annotated import Json, StudyFile
from study.commands.arguments.studies import code_folders
from study.commands.exit_codes import ExitCode
from study.commands.text.diagnosis_json import diagnosis_json
from study.commands.text.diagnosis_live import DiagnosisVoice
from study.commands.text.diagnosis_page import write_page
from study.commands.text.diagnosis_progress import DiagnosisProgress

if TYPE_CHECKING:
    from study.diagnosis import Diagnosis

SECONDS = 300.0
"""`study.diagnosis.search.BUDGET_S`, without torch for `--help`; a test holds them equal."""


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
    seconds: Annotated[
        float, typer.Option(min=1, help="How long to look for changes, in seconds.")
    ] = SECONDS,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write a page of figures, self-contained."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train ONE configuration with several seeds, explain what happens, and find what would help.

    What --set leaves out is what the file fixes, or the catalogue's default where it varies. If
    the configuration is not stable, changes that may help are trained. Each line is printed as
    soon as it is known, and Ctrl-C keeps what is known by then.

    Example: gradscape diagnose digits-mlp.yaml --set depth=30 --set activation=sigmoid
    """
    from study.diagnosis import diagnose

    if plot is not None:
        _check_place(plot)
    asked = partial(
        diagnose,
        study_file,
        _settings(set_ or []),
        seeds=seeds,
        steps=steps,
        remedies=0 if no_remedies else remedies,
        seconds=seconds,
        code=code_folders(study_file),
    )
    _tell_and_keep(asked, as_json=as_json, plot=plot)


def _tell_and_keep(asked: Callable[..., Diagnosis], *, as_json: bool, plot: Path | None) -> None:
    found, interrupted = _told(asked, quiet=as_json)
    _keep(found, as_json=as_json, plot=plot)
    if interrupted:
        _interrupted("; what was known by then is above")


def _told(asked: Callable[..., Diagnosis], *, quiet: bool) -> tuple[Diagnosis, bool]:
    """Tells of the diagnosis while it is made; returns it, and whether it was interrupted."""
    with DiagnosisProgress(quiet=quiet) as progress:
        voice = DiagnosisVoice(progress, quiet=quiet)
        try:
            found = asked(watch=voice.hear)
            interrupted = found.interrupted
        except KeyboardInterrupt:
            if voice.found is None:
                _interrupted(" before the first seed was trained")
            found, interrupted = voice.found, True
        voice.end(found)
    return found, interrupted


def _interrupted(what: str) -> NoReturn:
    typer.echo(f"gradscape: interrupted{what}", err=True)
    raise SystemExit(ExitCode.INTERRUPTED)


def _check_place(plot: Path) -> None:
    """Refuses a page that could not be written, before minutes are spent on it."""
    if plot.is_dir():
        raise InputError(f"must be a file, but {plot} is a folder", key="--plot")
    if not plot.absolute().parent.is_dir():
        raise InputError(f"there is no folder {plot.absolute().parent}", key="--plot")


def _keep(found: Diagnosis, *, as_json: bool, plot: Path | None) -> None:
    if plot is not None:
        write_page(found, plot)
    if as_json:
        typer.echo(json.dumps(diagnosis_json(found)))
    elif plot is not None:
        typer.echo(f"page     {plot}")


def _settings(pairs: list[str]) -> dict[str, str]:
    settings = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise InputError(f"must be NAME=VALUE, but got {pair!r}", key="--set")
        settings[name.strip()] = value.strip()
    return settings
