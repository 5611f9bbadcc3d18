"""`gradscape check`: what a study file asks for."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from study.commands.arguments.annotated import Home, Json, StudyFile
from study.commands.arguments.studies import code_folders
from study.commands.exit_codes import ExitCode
from study.commands.text.task_summary import data_line, task_facts, task_line

if TYPE_CHECKING:
    from study.paths import StudyPaths
    from study.preflight import Finding
    from study.preflight.configuration import Preflight
    from study.study_file import Scaling, StudyConfig

SAMPLED = 4096
"""Trials sampled to count cohorts; a larger study is extrapolated from these."""


def check(
    study_file: StudyFile,
    home: Home = None,
    file_only: Annotated[
        bool, typer.Option("--file-only", help="Do not try storage and tracking.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Validate a study file; print its space, cohorts, memory and cost. Trains nothing.

    Looks at the data, and tries one forward and backward pass on a few examples of each task.
    A few steps are timed of a network whose trials can only be trained one after another.

    Also tries whether storage and tracking can be reached and written, and leaves nothing there.

    Example: gradscape check digits-mlp.yaml
    """
    from study.paths import StudyPaths, check_home
    from study.preflight import find
    from study.preflight.configuration import preflight
    from study.study_file import load_study_file
    from study.tables.home import home_folder

    config = load_study_file(study_file)
    check_home(home_folder(home))
    checked = preflight(config, code=code_folders(study_file))
    plan = _plan(checked)
    paths = StudyPaths(home=home_folder(home), study=config.study)
    findings = [] if file_only else find(config, paths)
    goes_on = None
    if not file_only and all(finding.problem is None for finding in findings):
        findings, goes_on = _open_storage(config, paths, findings)
    if as_json:
        services = [
            {**dataclasses.asdict(finding), "ok": finding.problem is None} for finding in findings
        ]
        typer.echo(json.dumps({**plan, "services": services, "continuation": goes_on}))
    else:
        _print(checked, plan)
        for text in (*(finding.text for finding in findings), goes_on):
            if text is not None:
                typer.echo(text)
    if any(finding.problem is not None for finding in findings):
        raise typer.Exit(ExitCode.FAILED)


def _open_storage(
    config: StudyConfig, paths: StudyPaths, findings: list[Finding]
) -> tuple[list[Finding], str | None]:
    """Opens the storage as `run` does first: what it says then, and how the study would go on."""
    from study.errors import StorageUnavailable
    from study.run.factories import continuation

    try:
        return findings, continuation(config, paths)
    except StorageUnavailable as error:
        storage = next(each for each in findings if each.service == "storage")
        problem = str(error).removeprefix(f"storage {storage.where} ")
        refused = dataclasses.replace(storage, problem=problem)
        return [refused if each is storage else each for each in findings], None


def _scaling_line(scaling: Scaling) -> str:
    more = (
        f"then {scaling.refine} trials more at each mapped {scaling.axis}, "
        if scaling.refine
        else ""
    )
    return (
        f"{more}then {scaling.trials} trials at each {scaling.axis} of "
        f"{', '.join(map(str, scaling.sizes))}, around the learning rate where the edge is "
        "expected; the figures below are of the map alone"
    )


def _print(checked: Preflight, plan: Mapping[str, Any]) -> None:
    config = checked.config
    console = Console(highlight=False)
    console.print(_space_table(checked))
    for hyperparameters, task in checked.corner_tasks():
        console.print(task_line(hyperparameters, task), soft_wrap=True)
        console.print(data_line(task), markup=False, soft_wrap=True)
    console.print(
        f"{plan['trials']} trials of {config.steps} steps, sampler {config.sampler}, "
        f"{config.seeds} {'seed' if config.seeds == 1 else 'seeds'} a configuration"
    )
    console.print(
        f"{plan['groups']} groups that train together, {plan['largest_group']} trials in the "
        f"largest; at most {plan['memory_mb']:.0f} MB a cohort"
    )
    if config.confirm:
        console.print(
            f"then up to {config.confirm} fresh trials in the region that is recommended"
        )
    if config.scaling is not None:
        console.print(_scaling_line(config.scaling), soft_wrap=True)
    why = "trials that fail, or whose verdict is certain, end early"
    if plan["trial_seconds"] is None:
        why += ", and chains of linear layers are several times as fast"
    else:
        each = f"{plan['trial_seconds']:.2g} s each"
        why += f"; trials that are trained one after another were timed, {each}"
    console.print(
        f"at most {plan['gflop']:.0f} GFLOP, {plan['core_seconds']:.0f} s on one CPU core or "
        f"less: {why}",
        soft_wrap=True,
    )
    for notice in checked.notices:
        console.print(notice, markup=False, soft_wrap=True)


def _plan(checked: Preflight) -> dict[str, Any]:
    from search_spaces.samplers import make_sampler
    from study.dispatch import cohort_limit
    from study.ledger.preview import preview
    from study.preflight.timing import trial_times

    config = checked.config
    sampler = make_sampler(
        config.sampler, space=config.space, seed=config.seed, seeds=config.seeds
    )
    sampled = preview(sampler=sampler, space=config.space, trials=min(config.trials, SAMPLED))
    scale = config.trials / len(sampled)
    limit = cohort_limit(config.resources.training_gpus)
    groups = Counter(config.space.cohort_key(values) for values in sampled)
    by_key = {config.space.cohort_key(values): values for values in sampled}
    largest_mb = max(
        min(count * scale, limit) * checked.cost(by_key[key]).memory_bytes / 1e6
        for key, count in groups.items()
    )
    flops = scale * sum(checked.work(by_key[key]) * count for key, count in groups.items())
    times = trial_times(checked, [(by_key[key], count) for key, count in groups.items()])
    return {
        "study": config.study,
        "tasks": [task_facts(values, task) for values, task in checked.corner_tasks()],
        "trials": config.trials,
        "groups": len(groups),
        "largest_group": round(max(groups.values()) * scale),
        "memory_mb": largest_mb,
        "gflop": flops / 1e9,
        "core_seconds": scale * times.all_trials,
        "trial_seconds": times.apart,
        "notices": checked.notices,
    }


def _space_table(checked: Preflight) -> Table:
    table = Table(title=f"{checked.config.study}: {checked.config.network} on {checked.task.name}")
    for heading in ("hyperparameter", "", "values", "unit", "applies"):
        table.add_column(heading, overflow="fold")
    for row in checked.config.space.describe():
        style = "bold" if row.role in ("choice", "range") else "dim"
        table.add_row(row.name, row.role, row.values, row.unit, row.applies, style=style)
    return table
