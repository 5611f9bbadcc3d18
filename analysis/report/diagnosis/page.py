"""The page of a diagnosis: what became of a configuration, why, and what each change does."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from analysis.figures.palette import VERDICT_COLORS
from analysis.labels import capitalized, number_label
from analysis.report.diagnosis.pictures import (
    gradient_picture,
    profile_pictures,
    remedy_pictures,
    scale_picture,
    training_pictures,
    update_pictures,
)
from analysis.report.diagnosis.subject import DiagnosisSubject, Ending, Remedied, Tried
from analysis.report.files.staging import replace_file
from analysis.report.files.versions import gradscape_version
from analysis.report.page.page import Chapter, assemble, chapter
from analysis.report.page.picture import Picture


@dataclass(frozen=True, kw_only=True)
class _Head:
    subject: DiagnosisSubject
    headline: str
    ending: Ending
    others: tuple[Ending, ...]
    counts: dict[str, int]
    seeds: int


@dataclass(frozen=True, kw_only=True)
class _Card:
    remedy: Remedied
    stable: int
    seeds: int
    before: str
    after: str
    pictures: list[Picture]


@dataclass(frozen=True, kw_only=True)
class _Remedies:
    metric: str
    cards: list[_Card]
    tried: list[tuple[Tried, str]]
    outcome: str


@dataclass(frozen=True, kw_only=True)
class _Figures:
    """Figures side by side; no figure of what was not measured."""

    pictures: list[Picture]


@dataclass(frozen=True, kw_only=True)
class _Details:
    subject: DiagnosisSubject


def write_diagnosis(subject: DiagnosisSubject, path: Path) -> None:
    """Writes the page as one self-contained file; an older one of that name is replaced.

    Args:
        subject: The diagnosis.
        path: The file.

    Raises:
        AnalysisError: If the file cannot be written.
    """
    replace_file(path, diagnosis_page(subject, datetime.now(UTC)))


def diagnosis_page(subject: DiagnosisSubject, created: datetime) -> str:
    """Renders the page as one self-contained HTML text: styles, scripts and figures inside.

    Args:
        subject: The diagnosis.
        created: When it was made, in UTC, for the page's end.
    """
    title = f"{subject.network} on {subject.task} – diagnosis"
    return assemble(title, _chapters(subject), created=created, version=gradscape_version())


def _chapters(subject: DiagnosisSubject) -> list[Chapter]:
    typical = subject.endings[0].trial
    chapters = [chapter("diagnosis_head", "", _head(subject))]
    if subject.remedies is not None:
        chapters.append(chapter("diagnosis_remedies", "What helps", _remedies(subject)))
    figures: dict[str, tuple[str, Sequence[Picture | None]]] = {
        "diagnosis_training": ("Loss and metric", training_pictures(subject)),
        "diagnosis_gradients": (
            "Gradients",
            [gradient_picture(subject.seeds, typical), *profile_pictures(subject.seeds)],
        ),
        "diagnosis_scales": ("Scale of the signal", [scale_picture(subject.seeds, typical)]),
        "diagnosis_updates": ("Size of the steps", update_pictures(subject)),
    }
    for name, (title, pictures) in figures.items():
        view = _Figures(pictures=[one for one in pictures if one is not None])
        chapters.append(chapter(name, title, view))
    chapters.append(chapter("diagnosis_details", "Configuration", _Details(subject=subject)))
    return chapters


def _head(subject: DiagnosisSubject) -> _Head:
    verdicts = list(subject.seeds.trials["verdict"])
    first, *others = (
        dataclasses.replace(ending, text=capitalized(ending.text)) for ending in subject.endings
    )
    return _Head(
        subject=subject,
        headline=capitalized(first.headline),
        ending=first,
        others=tuple(others),
        counts={name: verdicts.count(name) for name in VERDICT_COLORS if name in verdicts},
        seeds=len(verdicts),
    )


def _remedies(subject: DiagnosisSubject) -> _Remedies:
    cards = [
        _Card(
            remedy=remedy,
            stable=int((remedy.seeds.trials["verdict"] == "stable").sum()),
            seeds=len(remedy.seeds.trials),
            before=_before(subject, remedy),
            after=_figure(remedy.seeds.trials["metric_final"].median()),
            pictures=remedy_pictures(subject, number, remedy),
        )
        for number, remedy in enumerate(subject.remedies or (), start=1)
    ]
    return _Remedies(
        metric=subject.metric,
        cards=cards,
        tried=[(each, _tried_figure(subject, each)) for each in subject.tried],
        outcome=capitalized(subject.outcome),
    )


def _before(subject: DiagnosisSubject, remedy: Remedied) -> str:
    """The metric before the change; by chance where the change is measured by another one."""
    if remedy.metric == subject.metric:
        return _figure(subject.seeds.trials["metric_final"].median())
    return f"{_figure(remedy.seeds.trials['metric_chance'].median())} by chance"


def _tried_figure(subject: DiagnosisSubject, tried: Tried) -> str:
    other = tried.metric_name not in ("", subject.metric)
    return f"{_figure(tried.metric)} ({tried.metric_name})" if other else _figure(tried.metric)


def _figure(value: float) -> str:
    return number_label(value) if math.isfinite(value) else "–"
