"""Figures of safe regions, remedies and importance."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest

from analysis import load_trials, remedies, safe_regions, stability_importance
from analysis.figures import (
    DARK,
    FIGURES,
    VERDICT_COLORS,
    box_diagram,
    importance_bars,
    remedy_forest,
)

WHERE = {
    "depth": {"low": 4, "high": 16},
    "activation": ["tanh", "gelu"],
    "learning_rate": {"low": 1e-3, "high": 0.1},
    "clip_norm": {"high": 1},
}


@pytest.fixture(scope="module")
def trials(home):
    """As many as what is drawn needs: models of all 512 take longer."""
    return load_trials("digits-mlp", home=home).head(128)


def test_a_box_is_drawn_to_scale(trials):
    figure = box_diagram(trials, WHERE)
    assert list(figure.layout.yaxis.ticktext) == [
        "depth",
        "activation",
        "learning rate",
        "clip norm",
    ]
    green = [
        shape for shape in figure.layout.shapes if shape.fillcolor == VERDICT_COLORS["stable"]
    ]
    # 4, 8, 16; tanh, gelu; the rates; 0.1 and 1.
    rows = [round((one.y0 + one.y1) / 2) for one in green]
    assert [rows.count(row) for row in range(4)] == [3, 2, 1, 2]
    (rates,) = [one for one in green if round((one.y0 + one.y1) / 2) == 2]
    # From 1e-4 to 10 there are five decades, of which one to three are inside.
    assert (rates.x0, rates.x1) == (pytest.approx(1 / 5), pytest.approx(3 / 5))
    inside = {text.split(":")[0] for text in _hovers(figure) if text.endswith(": inside")}
    assert inside == {"4", "8", "16", "tanh", "gelu", "0.1", "1"}


def _hovers(figure):
    return [text for trace in figure.data for text in trace.hovertext or ()]


def test_every_box_of_a_study_can_be_drawn(trials):
    regions = safe_regions(trials)["where"]
    assert len(regions)
    for where in regions:
        figure = box_diagram(trials, json.loads(where), theme=DARK)
        assert figure.layout.height > 50 and json.loads(figure.to_json())


def test_the_forest_has_the_numbers_of_its_rows(trials):
    table = remedies(trials).head(6)
    figure = remedy_forest(table)
    marks = [trace for trace in figure.data if trace.mode == "markers"]
    for row, mark in zip(table.to_dict("records"), marks, strict=True):
        assert mark.x[0] == row["share"]
        assert mark.x[0] + mark.error_x.array[0] == pytest.approx(row["high"])
        assert mark.x[0] - mark.error_x.arrayminus[0] == pytest.approx(row["low"])
        assert f"{row['healed']} of {row['failing']}" in mark.hovertext[0]
    labels = [note.text for note in figure.layout.annotations]
    assert "<b>learning rate: a factor 10 larger</b><br>stalled" in labels


def test_bars_end_where_the_importance_does(trials):
    table = stability_importance(trials)
    figure = importance_bars(table)
    (bars,) = figure.data
    for row, x, up in zip(table.to_dict("records"), bars.x, bars.error_x.array, strict=True):
        assert x == max(0.0, row["importance"])
        assert x + up == pytest.approx(max(row["high"], x))
    assert figure.layout.yaxis.ticktext[0] == "learning rate"


def test_names_stay_text():
    hostile = "<b>x</b><script>alert(1)</script>"
    trials = pd.DataFrame(
        {hostile: [hostile, "b"] * 30, "verdict": ["stable", "exploding"] * 30, "z": range(60)}
    )
    figures = [
        box_diagram(trials, {hostile: [hostile]}),
        remedy_forest(remedies(trials)),
        importance_bars(stability_importance(trials)),
    ]
    for figure in figures:
        assert "<script" not in figure.to_json().replace("\\u003c", "<")


def test_they_are_registered():
    for draw in (box_diagram, remedy_forest, importance_bars):
        assert FIGURES[draw.__name__] is draw
    assert math.isfinite(importance_bars(stability_importance_of_nothing()).layout.height)


def stability_importance_of_nothing():
    return stability_importance(pd.DataFrame({"a": [1, 2], "verdict": ["stable", "stable"]}))
