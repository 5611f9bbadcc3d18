"""From a diagnosis to what its page is made of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from study.commands.text.diagnosis import noticed_text, theory_rows
from study.commands.text.remedies import ending_text, otherwise_measured

if TYPE_CHECKING:
    from analysis.report.diagnosis import DiagnosisSubject, Ending, Remedied, Seeds, Tried
    from study.diagnosis import Attempt, Diagnosis, Explanation, Remedy, Trained


def write_page(found: Diagnosis, path: Path) -> None:
    """Writes the page of a diagnosis.

    Raises:
        AnalysisError: If the file cannot be written.
    """
    from analysis.report.diagnosis import write_diagnosis

    write_diagnosis(_subject(found), path)


def _subject(found: Diagnosis) -> DiagnosisSubject:
    from analysis.report.diagnosis import DiagnosisSubject

    search = found.search
    return DiagnosisSubject(
        study=found.study,
        task=found.task,
        network=found.network,
        metric=found.metric,
        steps=found.steps_planned,
        hyperparameters={name: str(value) for name, value in found.hyperparameters.items()},
        endings=tuple(_ending(each) for each in found.explanations),
        notices=found.notices,
        noticed=tuple(noticed_text(found)),
        theory=dict(theory_rows(found.expectation, found.trained.seeds)),
        remarks=found.expectation.remarks,
        seeds=_seeds(found.trained),
        remedies=None
        if search is None
        else tuple(_remedied(found, each) for each in search.remedies),
        tried=() if search is None else tuple(_tried(each) for each in search.attempts),
        outcome="" if search is None else ending_text(search),
    )


def _ending(explanation: Explanation) -> Ending:
    from analysis.report.diagnosis import Ending

    return Ending(
        verdict=explanation.verdict,
        headline=explanation.headline,
        summary=explanation.summary,
        seeds=explanation.seeds,
        trial=explanation.trial,
        text=explanation.text,
    )


def _seeds(trained: Trained) -> Seeds:
    from analysis.report.diagnosis import Seeds

    return Seeds(trials=trained.trials, steps=trained.steps, layers=trained.layers)


def _remedied(found: Diagnosis, remedy: Remedy) -> Remedied:
    from analysis.report.diagnosis import Remedied

    return Remedied(
        change=remedy.changes.option.replace("--set ", ""),
        before=remedy.changes.before_text,
        reason=remedy.changes.reason,
        seeds=_seeds(remedy.trained),
        metric=remedy.trained.metric_name,
        remark=_remark(found, remedy),
    )


def _remark(found: Diagnosis, remedy: Remedy) -> str:
    name = remedy.trained.metric_name
    return "" if name == found.metric else otherwise_measured(found.metric, name)


def _tried(attempt: Attempt) -> Tried:
    from analysis.report.diagnosis import Tried

    return Tried(
        change=str(attempt.changes),
        stable=attempt.stable,
        seeds=attempt.seeds,
        metric=attempt.metric,
        metric_name="" if attempt.trained is None else attempt.trained.metric_name,
        remark=attempt.error or ("lost again when trained longer" if attempt.lost else ""),
    )
