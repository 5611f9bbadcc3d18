"""`gradscape status`: how a study stands, here or on a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from study.commands.arguments.annotated import Address, Home, Insecure, Json, StudyName
from study.commands.arguments.cluster import cluster, latest_job, refuse_home
from study.commands.text.verdict_style import COLOURS, verdict_text

if TYPE_CHECKING:
    from study.monitoring.status import StudyStatus


def status(
    study: StudyName,
    home: Home = None,
    address: Address = None,
    insecure: Insecure = False,
    as_json: Json = False,
) -> None:
    """Tell how a study stands: trials, verdicts, who runs it, what is amiss.

    Example: gradscape status digits-mlp
    """
    if address is not None:
        refuse_home(home)
        _on_cluster(study, address, insecure=insecure, as_json=as_json)
    else:
        _here(study, home, as_json=as_json)


def _here(name: str, home: Path | None, *, as_json: bool) -> None:
    from study.monitoring.status import study_status
    from study.paths import find_study
    from study.tables.home import home_folder

    found = study_status(find_study(home_folder(home), name))
    if as_json:
        typer.echo(json.dumps(_as_json(found)))
        return
    console = Console(highlight=False, soft_wrap=True, markup=False)
    console.print(f"study {found.study}: {found.state}{_by_whom(found)}")
    parts = [f"{found.done} of {found.total} trials done"]
    if found.held is not None:
        parts.append(f"{found.running} begun")
    parts.append(f"{found.left} left")
    if found.failed:
        parts.append(f"{found.failed} failed")
    console.print(", ".join(parts))
    if found.verdicts:
        console.print(verdict_text(found.verdicts))
    if found.undelivered:
        console.print(f"{found.undelivered} trials done are not yet in Optuna and MLflow")
    if found.last is not None and found.last.error is not None:
        console.print(f"last error: {found.last.error}", style="yellow")
    for notice in found.notices:
        console.print(notice, style="yellow")


def _by_whom(found: StudyStatus) -> str:
    from study.jobs.texts import moment

    if found.held is not None:
        who = found.held.holder or "a process that has just begun"
        since = found.held.since
        return f", {who}" + ("" if since is None else f" since {moment(since)}")
    if found.last is not None and found.state == "killed":
        who = f"process {found.last.pid} on {found.last.host}"
        begun = moment(found.last.started)
        return f": {who}, begun {begun}, ended without a word; the same command goes on"
    if found.last is not None and found.last.ended is not None:
        return f", last run ended {moment(found.last.ended)}"
    return ""


def _as_json(found: StudyStatus) -> dict[str, object]:
    held, last = found.held, found.last
    return {
        "study": found.study,
        "state": found.state,
        "trials": found.total,
        "done": found.done,
        "running": found.running,
        "left": found.left,
        "failed": found.failed,
        "undelivered": found.undelivered,
        "verdicts": {name: found.verdicts.get(name, 0) for name in COLOURS},
        "holder": None if held is None else str(held.holder),
        "since": None if held is None else held.since,
        "last_started": None if last is None else last.started,
        "last_ended": None if last is None else last.ended,
        "last_error": None if last is None else last.error,
        "notices": list(found.notices),
    }


def _on_cluster(name: str, address: str, *, insecure: bool, as_json: bool) -> None:
    from study.jobs.texts import last_lines, moment, status_text

    api = cluster(address, insecure=insecure)
    job = latest_job(api, name)
    lines = last_lines(api.log(job.id))
    if as_json:
        status = {
            "study": name,
            "job": job.id,
            "state": job.state,
            "started": job.started_s,
            "ended": job.ended_s,
            "exit_code": job.exit_code,
            "last_lines": lines,
        }
        typer.echo(json.dumps(status))
        return
    ended = "" if job.ended_s is None else f", ended {moment(job.ended_s)}"
    typer.echo(f"job {job.id}: {status_text(job)}, begun {moment(job.started_s)}{ended}")
    for line in lines:
        typer.echo(line)
