"""The first screen: what the study is, three answers, one map."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.labels import count_label
from analysis.report.answers.answer import Answer
from analysis.report.answers.edge import where_the_edge_is
from analysis.report.answers.fix import what_fixes
from analysis.report.answers.where import sentence, where_it_trains
from analysis.report.files.markdown import plain
from analysis.report.findings.edge import edge_by_depth
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import counts, uniform
from analysis.report.page.section import Section
from analysis.report.walk.first_map import FirstMap, first_map
from analysis.space.design import sampled_trials
from analysis.trials.counts import verdict_counts
from analysis.trials.records import records


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The head of the page; `counts` are rows of `verdict_counts`, `map` the first map or None.

    `stable` and its interval are of the `evenly` placed trials, which stand for the space;
    `planned` is how many trials a study that still runs is to have.
    """

    study: str
    task: str
    network: str
    trials: int
    evenly: int
    stable: int
    low: float
    high: float
    answers: list[Answer]
    counts: list[dict[str, object]]
    failed: list[tuple[str, int]]
    planned: int | None
    map: FirstMap | None


def headline(evidence: Evidence) -> Headline:
    """Collects the study, the share of stable trials, and what varied."""
    even = evidence.of(uniform)
    stable = verdict_counts(even).iloc[0]
    return Headline(
        study=evidence.study,
        task=str(evidence.metadata.get("task", "an unnamed task")),
        network=str(evidence.metadata.get("network", "an unnamed network")),
        trials=len(sampled_trials(evidence.trials)),
        evenly=len(even),
        stable=int(stable["trials"]),
        low=float(stable["low"]),
        high=float(stable["high"]),
        answers=evidence.of(answers),
        counts=records(evidence.of(counts)),
        failed=list(evidence.failed.items()),
        planned=evidence.planned,
        map=evidence.of(first_map),
    )


def answers(evidence: Evidence) -> list[Answer]:
    """Answers where it trains, where the edge is, and what fixes most failures."""
    return [where_it_trains(evidence), where_the_edge_is(evidence), what_fixes(evidence)]


def _summary(evidence: Evidence) -> dict[str, object]:
    reasons = [{"reason": reason, "trials": count} for reason, count in evidence.failed.items()]
    return {
        "answers": [sentence(each) for each in evidence.of(answers)],
        "edge": evidence.of(edge_by_depth),
        "failed": reasons,
        "planned": evidence.planned,
    }


def _markdown(evidence: Evidence) -> str:
    lines = [f"- {plain(sentence(each))}" for each in evidence.of(answers)]
    if evidence.planned is not None:
        lines.append(f"- The study still runs: {evidence.planned:,} trials are planned.")
    if not evidence.failed:
        return "\n".join(lines)
    lost = sum(evidence.failed.values())
    reasons = "; ".join(f"{plain(why)} ({count})" for why, count in evidence.failed.items())
    verb = "has" if lost == 1 else "have"
    lines.append(f"- {count_label(lost, 'further trial')} {verb} no verdict, failed: {reasons}.")
    return "\n".join(lines)


SECTION = Section(
    name="headline",
    title="",
    stage="counting trials and looking for where they train",
    view=headline,
    summary=_summary,
    text=_markdown,
)
