"""One situation diagnosed: what was said of it, as a row that JSON can hold."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import torch

from reported_situations.plain_training import CODE
from reported_situations.situation import Situation, is_fix
from search_spaces.seeds import trial_seed
from study.diagnosis import Diagnosis, Event, Remedy, diagnose, is_clear
from study.diagnosis.search.searching import is_measured_by_label
from study.diagnosis.training import train
from study.preflight.configuration import preflight

Row = dict[str, Any]

REMEDIES = 3
LONGER = 3
"""Times the steps that a remedy must hold."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is asked of one situation.

    Attributes:
        situation: It.
        seeds: Seeds of each training.
        remedies: Whether remedies are looked for, and trained longer.
        twin: Whether its healthy twin is diagnosed too.
    """

    situation: Situation
    seeds: int
    remedies: bool
    twin: bool


def run_job(job: Job) -> Row:
    """Diagnoses a situation and, if asked, its healthy twin; an error becomes text."""
    torch.set_num_threads(1)
    row: Row = {"name": job.situation.name}
    for part, asked, ask in (("broken", True, _broken), ("twin", job.twin, _twin)):
        if asked and (part == "broken" or job.situation.has_twin):
            try:
                row[part] = ask(job)
            except Exception as error:  # one that fails must not hide the others
                row[part] = {"error": f"{type(error).__name__}: {error}"}
    return row


def _broken(job: Job) -> Row:
    situation, started = job.situation, time.perf_counter()
    first_words: list[float] = []

    def watch(event: Event) -> None:
        if isinstance(event, Diagnosis):
            first_words.append(time.perf_counter() - started)

    diagnosis = diagnose(
        situation.config(),
        situation.settings,
        seeds=job.seeds,
        remedies=REMEDIES if job.remedies else 0,
        code=CODE,
        watch=watch,
    )
    elapsed = time.perf_counter() - started
    row = {
        **_labels(diagnosis),
        "first_words_s": round(first_words[0], 1),
        "seconds": round(elapsed, 1),
    }
    if job.remedies:
        row["remedies"] = [
            _remedy(situation, diagnosis, remedy, job.seeds) for remedy in diagnosis.remedies
        ]
    return row


def _twin(job: Job) -> Row:
    situation = job.situation
    diagnosis = diagnose(
        situation.config(twin=True),
        situation.twin_settings,
        seeds=job.seeds,
        remedies=0,
        code=CODE,
    )
    return _labels(diagnosis)


def _labels(diagnosis: Diagnosis) -> Row:
    trials = diagnosis.trials
    return {
        "verdicts": dict(diagnosis.verdicts),
        "causes": dict(Counter(map(str, trials["cause"])).most_common()),
        "metric": float(trials["metric_final"].median()),
        "notices": list(diagnosis.notices),
        "explanations": [each.text for each in diagnosis.explanations],
    }


def _remedy(situation: Situation, diagnosis: Diagnosis, remedy: Remedy, seeds: int) -> Row:
    """Whether it is a known fix, and whether it holds when it is trained longer."""
    before = {**diagnosis.hyperparameters, "steps": situation.steps}
    changed = {change.hyperparameter: change.after for change in remedy.changes}
    after = {**remedy.trained.hyperparameters, "steps": situation.steps, **changed}
    config = situation.config().with_steps(LONGER * after["steps"])
    checked, changed_to = preflight(config, code=CODE), remedy.trained.hyperparameters
    if is_measured_by_label(diagnosis.hyperparameters, changed_to):
        checked = checked.with_balanced_metric()
    trial_seeds = [trial_seed(config.seed, number) for number in range(seeds)]
    (longer,) = train(checked, [changed_to], seeds=trial_seeds, statistics="standard")
    return {
        "change": changed,
        "is_fix": any(is_fix(before, after, fix) for fix in situation.fixes),
        "holds": is_clear(longer.stable, seeds),
        "longer": dict(longer.verdicts),
    }
