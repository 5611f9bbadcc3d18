"""`gradscape deliver`: what MLflow lacks of a study, from its tables."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from study.commands.arguments.annotated import Home, Json, StudyName
from study.commands.exit_codes import ExitCode


def deliver(
    study: StudyName,
    home: Home = None,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="Take the study from another process that runs it."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Deliver to MLflow, and to Optuna, what they lack of a study's recorded trials.

    Runs that somebody deleted, a data base that is gone or broken, a server that was never
    reached: the tables have every trial, so nothing is trained again.

    Example: gradscape deliver digits-mlp
    """
    from study.monitoring.driver_log import console_handler, logged_to
    from study.paths import StudyPaths, find_study
    from study.run.deliver_study import deliver_study
    from study.study_file import load_study_file
    from study.tables.home import home_folder

    found_in = find_study(home_folder(home), study).home
    # Whole, as a person's own code may go to another folder.
    paths = StudyPaths(home=found_in.absolute(), study=study)
    config = load_study_file(paths.study_file)
    with logged_to(console_handler()):
        found = deliver_study(config, paths, take_over=take_over)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "study": found.study,
                    "trials": found.recorded,
                    "missing": found.missing,
                    "delivered": found.delivered,
                    "notice": found.notice,
                }
            )
        )
    else:
        typer.echo(found.text)
    if found.delivered < found.missing or found.notice is not None:
        raise typer.Exit(ExitCode.FAILED)
