"""One trial as a card of the page: what happened in it, its settings, numbers and figures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import pandas as pd

from analysis.figures import delta_decades, layer_heatmap, training_curves
from analysis.labels import capitalized, count_label, number_label, value_label
from analysis.report.detectors import FLAG_MEANINGS
from analysis.report.page.picture import Picture, picture
from analysis.space.axes import varied
from study.tables.schema import CAUSES


@dataclass(frozen=True, kw_only=True)
class Card:
    """One trial that stands for `alike` of its verdict's; no figure of what was not recorded.

    `settings`: what the study varied, as "name value". `link`: of its MLflow run; "" if the run
    is in a data base, which no browser opens.
    """

    trial: int
    alike: int
    explanation: str
    cause: str
    flags: list[str]
    settings: list[str]
    mlflow_run_id: str
    link: str
    heatmap: Picture | None
    curves: Picture | None


@dataclass(frozen=True, kw_only=True)
class Series:
    """Steps and layers of the trials that have cards, and the MLflow server's address or ""."""

    layers: pd.DataFrame
    steps: pd.DataFrame
    address: str


def trial_card(
    trials: pd.DataFrame, row: dict[str, Any], series: Series, *, trial: int, alike: int
) -> Card:
    """Makes the card of a trial.

    Args:
        trials: The trials that have cards, with their hyperparameters in `attrs`.
        row: The trial's row of the trials table.
        series: Steps and layers.
        trial: The trial's number.
        alike: Number of trials of its verdict that it stands for.
    """
    run = row["mlflow_run_id"]
    run = run if isinstance(run, str) else ""
    verdict = str(row["verdict"])
    return Card(
        trial=trial,
        alike=alike,
        explanation=capitalized(text_of(row.get("explanation"))),
        cause=_cause(row),
        flags=[
            FLAG_MEANINGS.get(name) or name.replace("_", " ") for name in _names(row.get("flags"))
        ],
        settings=_settings(trials, row),
        mlflow_run_id=run,
        link=run_link(series.address, run),
        heatmap=_heatmap(series.layers, trial),
        curves=_curves(series.steps, trial, verdict),
    )


def _cause(row: Mapping[str, Any]) -> str:
    """Writes why it failed; "" where it trained, or an older gradscape named it otherwise."""
    name = text_of(row.get("cause"))
    return "" if name == "none" else CAUSES.get(name, "")


def run_link(address: str, run: str) -> str:
    """Returns the address of a run's page on an MLflow server; "" where there is none."""
    known = server(address)
    return f"{known}/#/runs/{quote(run, safe='')}" if run and known else ""


def server(address: str) -> str:
    """Returns the address of an MLflow server without a slash at its end; "" of a data base."""
    return address.rstrip("/") if urlsplit(address).scheme in ("http", "https") else ""


def _settings(trials: pd.DataFrame, row: Mapping[str, Any]) -> list[str]:
    return [
        f"{name.replace('_', ' ')} {value_label(row[name])}"
        for name in varied(trials)
        if not _missing(row[name])
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
        caption=" ".join(notes),
    )


def _curves(steps: pd.DataFrame, trial: int, verdict: str) -> Picture | None:
    rows = steps[steps["trial"] == trial]
    if rows.empty:
        return None
    return picture(
        f"curves-{trial}",
        lambda theme: training_curves(rows, verdict=verdict, theme=theme),
        alt=f"Loss and update ratio by step of trial {trial}.",
    )


def _names(value: object) -> list[str]:
    return [name for name in text_of(value).split(",") if name]


def text_of(value: object) -> str:
    """Returns a cell's text; "" for a null."""
    return value if isinstance(value, str) else ""


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
