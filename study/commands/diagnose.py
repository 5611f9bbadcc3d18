"""`gradscape diagnose`: one configuration, trained, explained, and what would fix it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from search_spaces.errors import InputError
from study.commands.exit_codes import ExitCode
from study.commands.options import Json, StudyFile, code_folders
from study.commands.text.diagnosis_json import diagnosis_json
from study.commands.text.diagnosis_live import DiagnosisVoice
from study.commands.text.diagnosis_progress import DiagnosisProgress

if TYPE_CHECKING:
    from study.diagnosis import Diagnosis


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
    the configuration is not stable, changes are trained, the smallest first. Each line is printed
    as soon as it is known, and Ctrl-C keeps what is known by then.

    Example: gradscape diagnose digits-mlp.yaml --set depth=30 --set activation=sigmoid
    """
    from study.diagnosis import diagnose

    with DiagnosisProgress(quiet=as_json) as progress:
        voice = DiagnosisVoice(progress, quiet=as_json)
        interrupted = False
        try:
            found = diagnose(
                study_file,
                _settings(set_ or []),
                seeds=seeds,
                steps=steps,
                remedies=0 if no_remedies else remedies,
                code=code_folders(study_file),
                watch=voice.hear,
            )
        except KeyboardInterrupt:
            if voice.found is None:
                _interrupted(" before the first seed was trained")
            found, interrupted = voice.found, True
        voice.end(found)
    _keep(found, as_json=as_json)
    if interrupted or found.interrupted:
        _interrupted("; what was known by then is above")


def _interrupted(what: str) -> NoReturn:
    typer.echo(f"gradscape: interrupted{what}", err=True)
    raise SystemExit(ExitCode.INTERRUPTED)


def _keep(found: Diagnosis, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(diagnosis_json(found)))


def _settings(pairs: list[str]) -> dict[str, str]:
    settings = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise InputError(f"must be NAME=VALUE, but got {pair!r}", key="--set")
        settings[name.strip()] = value.strip()
    return settings
