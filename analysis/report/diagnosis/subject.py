"""What a page of a diagnosis is made of: texts as they were printed, and rows of the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Seeds:
    """Seeds of one configuration: their rows of the three tables."""

    trials: pd.DataFrame
    steps: pd.DataFrame
    layers: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class Ending:
    """Seeds that ended for one cause.

    Attributes:
        verdict: Their most frequent verdict.
        headline: Verdict and cause in plain words.
        summary: The same, and how many have each verdict where they have several.
        seeds: How many they are.
        trial: A typical one of them.
        text: Its explanation.
    """

    verdict: str
    headline: str
    summary: str
    seeds: int
    trial: int
    text: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Remedied:
    """A change that makes the configuration stable.

    Attributes:
        change: What is set, `lr_decay=constant`.
        before: What it was.
        reason: Why it may help.
        seeds: The changed configuration.
        metric: What the metric is called that it is measured by; the task's own, or one in which
            each label counts the same.
        remark: Why it is measured by another metric, in a sentence; else empty.
    """

    change: str
    before: str
    reason: str
    seeds: Seeds
    metric: str
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A change that was tried.

    Attributes:
        change: From what to what.
        stable: Number of seeds with which it is stable.
        seeds: Number of seeds that it was trained with.
        metric: The metric at the end; NaN where there is none.
        metric_name: What it is called; empty where nothing was trained.
        remark: What else there is to say; may be empty.
    """

    change: str
    stable: int
    seeds: int
    metric: float
    metric_name: str
    remark: str


@dataclass(frozen=True, kw_only=True, eq=False)
class DiagnosisSubject:
    """A diagnosis.

    Attributes:
        study: Name of the study file's study.
        task: The task's name.
        network: The network's name.
        metric: What the task's metric is called.
        steps: Optimizer steps of each trial.
        hyperparameters: The configuration, values as texts.
        endings: One a cause, the most frequent first.
        notices: What was said before any training.
        noticed: What else was noticed, in sentences.
        theory: What theory expects beside what was measured, by what it is about.
        remarks: Where the two disagree, in sentences.
        seeds: The configuration's.
        remedies: What makes it stable; None if it was not looked for.
        tried: Everything that was tried.
        outcome: How the search ended, in a sentence; may be empty.
    """

    study: str
    task: str
    network: str
    metric: str
    steps: int
    hyperparameters: Mapping[str, str]
    endings: tuple[Ending, ...]
    notices: tuple[str, ...]
    noticed: tuple[str, ...]
    theory: Mapping[str, str]
    remarks: tuple[str, ...]
    seeds: Seeds
    remedies: tuple[Remedied, ...] | None
    tried: tuple[Tried, ...]
    outcome: str
