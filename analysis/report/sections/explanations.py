"""A few trials of each verdict: what happened in them, how their gradients ran, what noticed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import pandas as pd

from analysis.figures import delta_decades, layer_heatmap, loss_curves, training_curves
from analysis.labels import capitalized, count_label, number_label, percent, value_label
from analysis.report.detectors import CAUSE_MEANINGS, FLAG_MEANINGS, rule_label
from analysis.report.files.markdown import plain
from analysis.report.findings.evidence import Evidence
from analysis.report.page.picture import Picture, picture
from analysis.report.page.section import Section
from analysis.space.axes import hyperparameters, varied
from analysis.trials.records import records
from analysis.trials.representatives import representative_trials


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A name and its value, as texts; `varied` where the study varied it."""

    name: str
    value: str
    varied: bool


@dataclass(frozen=True, kw_only=True)
class Card:
    """One trial that stands for `alike` of its verdict's; no figure of what was not recorded.

    `rules`: published rules that would have fired. `link`: of its MLflow run; "" if the run is
    in a data base, which no browser opens.
    """

    trial: int
    alike: int
    explanation: str
    cause: str
    flags: list[str]
    rules: list[str]
    settings: list[Setting]
    figures: list[Setting]
    mlflow_run_id: str
    link: str
    heatmap: Picture | None
    curves: Picture | None


@dataclass(frozen=True, kw_only=True)
class VerdictCards:
    """The most frequent way in which trials came to a verdict, and others."""

    verdict: str
    of: int
    first: Card
    others: list[Card]


@dataclass(frozen=True, kw_only=True)
class Explanations:
    """The trials and their losses."""

    verdicts: list[VerdictCards]
    losses: Picture | None


def representatives(evidence: Evidence) -> pd.DataFrame:
    """A few trials of each verdict."""
    return representative_trials(evidence.trials)


def explanations(evidence: Evidence) -> Explanations:
    """Cards for each verdict that occurs."""
    chosen = evidence.of(representatives)
    numbers = [int(number) for number in chosen["trial"]]
    rows = evidence.trials[evidence.trials["trial"].isin(numbers)]
    series = _Series(
        layers=evidence.layers(numbers),
        steps=evidence.steps(numbers),
        address=str(evidence.metadata.get("tracking_uri", "")),
    )
    groups = []
    for verdict, ways in chosen.groupby("verdict", sort=False):
        cards = [
            _card(rows, row, series, trial=int(way["trial"]), alike=int(way["alike"]))
            for way in records(ways)
            for row in records(rows[rows["trial"] == way["trial"]])
        ]
        of = int(ways["of"].iloc[0])
        groups.append(VerdictCards(verdict=str(verdict), of=of, first=cards[0], others=cards[1:]))
    return Explanations(verdicts=groups, losses=_losses(chosen, rows, series.steps))


@dataclass(frozen=True, kw_only=True)
class _Series:
    layers: pd.DataFrame
    steps: pd.DataFrame
    address: str


def _losses(chosen: pd.DataFrame, rows: pd.DataFrame, steps: pd.DataFrame) -> Picture | None:
    if steps.empty:
        return None
    first = chosen.drop_duplicates("verdict")[["trial"]].merge(rows, on="trial")
    return picture(
        "losses",
        lambda theme: loss_curves(steps, first, theme=theme),
        alt="Loss over first loss by step, of the first trial of each verdict above.",
        caption="Loss over first loss of the first trial of each verdict above. A cross ends a "
        "trial that diverged or became non-finite.",
    )


def _card(
    trials: pd.DataFrame, row: dict[str, Any], series: _Series, *, trial: int, alike: int
) -> Card:
    run = row["mlflow_run_id"]
    run = run if isinstance(run, str) else ""
    verdict = str(row["verdict"])
    return Card(
        trial=trial,
        alike=alike,
        explanation=capitalized(_text(row.get("explanation"))),
        cause=CAUSE_MEANINGS.get(_text(row.get("cause")), ""),
        flags=[
            FLAG_MEANINGS.get(name) or name.replace("_", " ") for name in _names(row.get("flags"))
        ],
        rules=[rule_label(name) for name in _names(row.get("alarms"))],
        settings=_settings(trials, row),
        figures=_figures(row),
        mlflow_run_id=run,
        link=run_link(series.address, run),
        heatmap=_heatmap(series.layers, trial),
        curves=_curves(series.steps, trial, verdict),
    )


def run_link(address: str, run: str) -> str:
    """Page of a run on an MLflow server; "" where there is no server or no run."""
    if not run or urlsplit(address).scheme not in ("http", "https"):
        return ""
    return f"{address.rstrip('/')}/#/runs/{quote(run, safe='')}"


def _settings(trials: pd.DataFrame, row: Mapping[str, Any]) -> list[Setting]:
    axes = varied(trials)
    stated = hyperparameters(trials)
    names = [*axes, *(one for one in stated if one not in axes)]
    return [
        Setting(name=name.replace("_", " "), value=value_label(row[name]), varied=name in axes)
        for name in names
        if not _missing(row[name])
    ]


def _figures(row: Mapping[str, Any]) -> list[Setting]:
    shown = {
        "outcome": row["outcome"],
        "regime at initialization": row["regime_initial"],
        "regime at the end": row["regime_final"],
        "steps run": row["steps_run"],
        "first loss": row["loss_initial"],
        "final loss": row["loss_final"],
        "delta ratio at step 0": row["delta_ratio_initial"],
    }
    return [
        Setting(name=name, value=_figure(value), varied=False)
        for name, value in shown.items()
        if not _missing(value)
    ]


def _heatmap(layers: pd.DataFrame, trial: int) -> Picture | None:
    rows = layers[layers["trial"] == trial]
    if rows.empty:
        return None
    zero = int((rows["delta_rms"] == 0).sum())
    broken = int((rows["delta_rms"].isna() | (rows["delta_rms"].abs() == math.inf)).sum())
    notes = [f"A ring marks {count_label(zero, 'value')} of exactly zero."] if zero else []
    notes += [f"A cross marks {count_label(broken, 'non-finite value')}."] if broken else []
    first = rows[rows["step"] == rows["step"].min()].sort_values("layer")["delta_rms"].dropna()
    ends = ""
    if len(first) > 1:
        ends = f" At the first step {number_label(first.iloc[0])} at the first layer and "
        ends += f"{number_label(first.iloc[-1])} at the last."
    decades = delta_decades(layers)
    return picture(
        f"layers-{trial}",
        lambda theme: layer_heatmap(rows, decades=decades, theme=theme),
        alt=f"Heat map of the gradient by layer and step of trial {trial}.{ends}",
        caption=" ".join(["Size of the gradient by layer and step.", *notes]),
    )


def _curves(steps: pd.DataFrame, trial: int, verdict: str) -> Picture | None:
    rows = steps[steps["trial"] == trial]
    if rows.empty:
        return None
    return picture(
        f"curves-{trial}",
        lambda theme: training_curves(rows, verdict=verdict, theme=theme),
        alt=f"Loss and update ratio by step of trial {trial}.",
        caption="Loss, and the size of an update over that of the parameters.",
    )


def _names(value: object) -> list[str]:
    return [name for name in _text(value).split(",") if name]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _figure(value: object) -> str:
    # An infinite loss is no absent limit.
    return "infinite" if value in (math.inf, -math.inf) else value_label(value, digits=3)


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _summary(evidence: Evidence) -> dict[str, object]:
    chosen = evidence.of(representatives)
    runs = evidence.trials[["trial", "mlflow_run_id"]]
    return {"typical": chosen.merge(runs, on="trial", how="left")}


def _markdown(evidence: Evidence) -> str:
    chosen = evidence.of(representatives)
    said = evidence.trials.set_index("trial")["explanation"]
    return "\n".join(
        f"- **{row['verdict']}**, {row['alike']} of {row['of']} like trial {row['trial']} "
        f"({percent(row['alike'] / row['of'])}): {plain(_text(said[row['trial']]))}"
        for row in records(chosen)
    )


SECTION = Section(
    name="explanations",
    title="Typical trials of each verdict",
    view=explanations,
    summary=_summary,
    text=_markdown,
)
