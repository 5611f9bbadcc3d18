"""What the study is and how many of its trials were stable."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.labels import count_label, value_label
from analysis.report.files.markdown import plain
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import counts
from analysis.report.page.section import Section
from analysis.space.axes import entry, hyperparameters, varied
from analysis.trials.records import records


@dataclass(frozen=True, kw_only=True)
class AxisRow:
    """A hyperparameter and what it took."""

    name: str
    values: str


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The head of the page; `counts` are rows of `verdict_counts`."""

    study: str
    task: str
    network: str
    trials: int
    configurations: int
    stable: int
    share: float
    low: float
    high: float
    counts: list[dict[str, object]]
    varied: list[AxisRow]
    fixed: list[AxisRow]
    failed: list[tuple[str, int]]


def headline(evidence: Evidence) -> Headline:
    """Collects the study, the share of stable trials, and what varied."""
    trials = evidence.trials
    stable = evidence.of(counts).iloc[0]
    axes = varied(trials)
    return Headline(
        study=evidence.study,
        task=str(evidence.metadata.get("task", "an unnamed task")),
        network=str(evidence.metadata.get("network", "an unnamed network")),
        trials=len(trials),
        configurations=trials["configuration"].nunique(),
        stable=int(stable["trials"]),
        share=float(stable["share"]),
        low=float(stable["low"]),
        high=float(stable["high"]),
        counts=records(evidence.of(counts)),
        varied=[AxisRow(name=name, values=_values(trials, name)) for name in axes],
        fixed=[
            AxisRow(name=name, values=_observed(trials, name))
            for name in hyperparameters(trials)
            if name not in axes
        ],
        failed=list(evidence.failed.items()),
    )


def _values(trials: pd.DataFrame, name: str) -> str:
    stated = entry(trials, name)
    listed = stated.get("choices")
    if isinstance(listed, list):
        return ", ".join("none" if each is None else value_label(each) for each in listed)
    if "low" in stated and "high" in stated:
        scale = ", log scale" if stated.get("log") else ""
        return f"{value_label(stated['low'])} to {value_label(stated['high'])}{scale}"
    return _observed(trials, name)


def _observed(trials: pd.DataFrame, name: str) -> str:
    values = sorted(trials[name].dropna().unique().tolist())
    if len(values) > 8:
        return f"{value_label(values[0])} to {value_label(values[-1])}"
    return ", ".join(value_label(value) for value in values) or "not applicable"


def _summary(evidence: Evidence) -> dict[str, object]:
    reasons = [{"reason": reason, "trials": count} for reason, count in evidence.failed.items()]
    return {"failed": reasons}


def _markdown(evidence: Evidence) -> str:
    if not evidence.failed:
        return ""
    lost = sum(evidence.failed.values())
    reasons = "; ".join(f"{plain(why)} ({count})" for why, count in evidence.failed.items())
    verb = "has" if lost == 1 else "have"
    return f"{count_label(lost, 'further trial')} {verb} no verdict, failed: {reasons}."


SECTION = Section(name="headline", title="", view=headline, summary=_summary, text=_markdown)
