"""`gradscape submit`: a study as a job on a Ray cluster."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from study.commands.arguments.annotated import Insecure, Json, StudyFile
from study.commands.arguments.cluster import cluster
from study.commands.exit_codes import ExitCode

if TYPE_CHECKING:
    from study.jobs import Job, JobsApi, Submitted


def submit(
    study_file: StudyFile,
    address: Annotated[
        str, typer.Option(metavar="URL", help="The cluster's dashboard, http(s)://HOST:PORT.")
    ],
    working_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of your own code, sent along.", show_default=False
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(min=1, help="Trials of the study; more extends it.", show_default=False),
    ] = None,
    env: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Pass this variable of mine; may be repeated."),
    ] = None,
    env_visible: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="The same for a secret: others of the cluster can see it."
        ),
    ] = None,
    home: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Home folder on the cluster; default its $GRADSCAPE_HOME or ~/gradscape.",
            show_default=False,
        ),
    ] = None,
    python: Annotated[
        str, typer.Option(metavar="PATH", help="Python on the cluster that has gradscape.")
    ] = "python",
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Print the job's id and return.")
    ] = False,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Run a study as a job on a Ray cluster and show its progress. Again: the study goes on.

    Example: gradscape submit digits-mlp.yaml --address http://head:8265 --working-dir .
    """
    from study.jobs import Submission
    from study.jobs import submit as submit_job
    from study.jobs.passed_environment import passed_environment

    wanted = Submission(
        study_file=study_file,
        working_dir=working_dir,
        home=home,
        trials=trials,
        environment=passed_environment(env or [], env_visible or []),
        python=python,
    )
    api = cluster(address, insecure=insecure)
    submitted = submit_job(api, wanted)
    if no_wait:
        typer.echo(json.dumps(_as_json(api, submitted.job)) if as_json else submitted.job.id)
        return
    _tell(_beginning(api, submitted))
    _watch(api, submitted.job, as_json=as_json)


def _watch(api: JobsApi, job: Job, *, as_json: bool) -> None:
    from study.jobs import follow
    from study.jobs.texts import exit_code, status_text

    out = sys.stderr if as_json else sys.stdout

    def say(text: str) -> None:
        out.write(text)
        out.flush()

    def warn(reason: str) -> None:
        _tell(f"{reason}; the job goes on, trying again")

    try:
        ended = follow(api, job.id, say=say, on_outage=warn)
    except KeyboardInterrupt:
        _tell(
            f"no longer watching; job {job.id} goes on ("
            f"gradscape logs {job.study} -f --address {api.url} watches again, "
            f"gradscape stop {job.study} --address {api.url} stops it)"
        )
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if as_json:
        typer.echo(json.dumps(_as_json(api, ended)))
    else:
        _tell(f"job {ended.id} {status_text(ended)}")
    raise typer.Exit(exit_code(ended))


def _beginning(api: JobsApi, submitted: Submitted) -> str:
    job = submitted.job
    if submitted.since is not None:
        return f"study {job.study} is being run by job {job.id} {submitted.since}; watching that"
    return f"submitted job {job.id} to {api.url}"


def _as_json(api: JobsApi, job: Job) -> dict[str, object]:
    return {
        "job": job.id,
        "study": job.study,
        "address": api.url,
        "state": job.state,
        "exit_code": job.exit_code,
    }


def _tell(text: str) -> None:
    print(f"gradscape: {text}", file=sys.stderr, flush=True)
