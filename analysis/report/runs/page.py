"""The page of watched runs: what became of each and why, and their courses side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pandas as pd
import plotly.graph_objects as go

from analysis.figures import layer_heatmap, layer_scales, seed_curves
from analysis.figures.palette import VERDICT_COLORS, Theme
from analysis.figures.seed_curves import SeedGroup
from analysis.labels import capitalized, count_label, number_label
from analysis.report.diagnosis.pictures import delta_decades
from analysis.report.files.staging import replace_file
from analysis.report.files.versions import gradscape_version
from analysis.report.page.page import Chapter, assemble, chapter
from analysis.report.page.picture import Picture, picture
from analysis.report.runs.events import Event, events
from study.tables.schema import CAUSES

_CURVES: Mapping[str, tuple[str, Literal["low", "high"]]] = {
    "loss": ("loss", "low"),
    "grad_norm": ("gradient norm", "high"),
    "update_ratio": ("update / parameters", "high"),
    "learning_rate": ("learning rate", "high"),
}
"""Column of the steps table -> what it is called, and which end of a logarithmic axis counts."""

COLORS = ("#4477aa", "#ee6677", "#228833", "#aa3377", "#66ccee", "#ccbb44")
"""Of several runs (Paul Tol's bright scheme, told apart by the colour-blind)."""

MOST_APART = 6
"""Runs that have figures of their own; of more, the curves together tell."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """One run, or one of the losses of a run that has several: its rows of the three tables.

    Attributes:
        name: Of the run, for people.
        network: What was trained.
        trial: One row.
        steps: A row a step that was looked at.
        layers: A row a step and layer.
        settings: Hyperparameters by name, as texts.
    """

    name: str
    network: str
    trial: pd.Series
    steps: pd.DataFrame
    layers: pd.DataFrame
    settings: Mapping[str, str]

    @property
    def verdict(self) -> str:
        """The run's verdict."""
        return str(self.trial["verdict"])

    @property
    def headline(self) -> str:
        """Verdict and cause in plain words."""
        cause = str(self.trial["cause"])
        if cause == "none":
            return self.verdict
        joint = "and" if cause == "unknown" else "because"
        return f"{self.verdict} {joint} {CAUSES.get(cause, cause)}"


@dataclass(frozen=True, kw_only=True)
class _Told:
    run: Run
    headline: str
    text: str
    events: tuple[Event, ...]
    still: str
    pictures: list[Picture]


@dataclass(frozen=True, kw_only=True)
class _Head:
    runs: list[_Told]
    title: str


@dataclass(frozen=True, kw_only=True)
class _Curves:
    pictures: list[Picture]


@dataclass(frozen=True, kw_only=True)
class _Settings:
    names: list[str]
    runs: Sequence[Run]


def write_runs(runs: Sequence[Run], path: Path) -> None:
    """Writes the page as one self-contained file; an older one of that name is replaced.

    Args:
        runs: At least one.
        path: The file; its folder exists.

    Raises:
        AnalysisError: If the file cannot be written.
    """
    replace_file(path, runs_page(runs, datetime.now(UTC)))


def runs_page(runs: Sequence[Run], created: datetime) -> str:
    """Renders the page as one self-contained HTML text: styles, scripts and figures inside."""
    told = [_told(run, number, apart=len(runs) <= MOST_APART) for number, run in enumerate(runs)]
    title = runs[0].name if len(runs) == 1 else count_label(len(runs), "run")
    chapters: list[Chapter] = [
        chapter("runs_head", "", _Head(runs=told, title=title)),
        chapter("runs_curves", "Course of training", _Curves(pictures=list(_curves(runs)))),
    ]
    if any(each.pictures for each in told):
        chapters.append(chapter("runs_layers", "Layers", _Head(runs=told, title=title)))
    names = list(dict.fromkeys(name for run in runs for name in run.settings))
    chapters.append(chapter("runs_settings", "Settings", _Settings(names=names, runs=runs)))
    return assemble(f"{title} – watched", chapters, created=created, version=gradscape_version())


def _told(run: Run, number: int, *, apart: bool) -> _Told:
    return _Told(
        run=run,
        headline=capitalized(run.headline),
        text=capitalized(str(run.trial["explanation"])),
        events=events(run.trial, run.steps, run.layers),
        still=_text(run.trial.get("still_parts")),
        pictures=list(_of_layers(run, number)) if apart else [],
    )


def _curves(runs: Sequence[Run]) -> Iterator[Picture]:
    colors = [COLORS[number % len(COLORS)] for number in range(len(runs))]
    if len(runs) == 1:
        colors = [VERDICT_COLORS.get(runs[0].verdict, "")]
    for column, (label, kept) in _CURVES.items():
        groups = [
            SeedGroup(
                name=run.name,
                steps=run.steps,
                color=color,
                broken=frozenset(
                    {int(run.trial["trial"])}
                    if run.trial["outcome"] in ("nonfinite", "diverged")
                    else ()
                ),
            )
            for run, color in zip(runs, colors, strict=True)
        ]
        yield picture(
            f"runs-{column}",
            _curve(column, label, kept, groups),
            alt=f"{label} by step of {count_label(len(runs), 'run')}.",
        )


def _curve(
    column: str, label: str, kept: Literal["low", "high"], groups: list[SeedGroup]
) -> Callable[[Theme], go.Figure]:
    return lambda theme: seed_curves(
        groups, column=column, label=label, log=kept, noun="run", theme=theme
    )


def _of_layers(run: Run, number: int) -> Iterator[Picture]:
    rows = run.layers
    if rows.empty or rows["delta_rms"].isna().all():
        return
    yield picture(
        f"gradients-{number}",
        lambda theme: layer_heatmap(rows, decades=delta_decades(rows), theme=theme),
        alt=f"Heat map of the gradient by layer and step of {run.name}.",
        caption=f"{run.name}: gradient by layer and step. A cross marks what was not finite, a "
        "ring what was exactly zero.",
    )
    inputs = _known(run.trial, "input_rms")
    yield picture(
        f"scales-{number}",
        lambda theme: layer_scales(rows, inputs=inputs, targets=math.nan, theme=theme),
        alt=f"Root mean square of what each layer of {run.name} puts out, at several steps.",
        caption=f"{run.name}: size of what each layer puts out."
        + (f" Inputs have {number_label(inputs)}." if math.isfinite(inputs) else ""),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _known(row: pd.Series, column: str) -> float:
    value = row.get(column)
    return float("nan") if value is None or pd.isna(value) else float(value)
