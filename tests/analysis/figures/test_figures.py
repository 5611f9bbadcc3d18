from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from analysis import (
    VERDICTS,
    largest_learning_rate,
    load_steps,
    load_trials,
    stability_regions,
    typical_trials,
    verdict_counts,
)
from analysis.figures import (
    DARK,
    FIGURES,
    LIGHT,
    VERDICT_COLORS,
    delta_decades,
    layer_heatmap,
    learning_rate_by_depth,
    loss_curves,
    predicted_ratio,
    region_map,
    training_curves,
    verdict_bar,
)
from analysis.figures.frame import literal
from analysis.figures.palette import color_at, ink_on


@pytest.fixture(scope="module")
def trials(home):
    return load_trials("digits-mlp", home=home)


def drawn(figure):
    return json.loads(figure.to_json())


def test_the_map_shows_the_probabilities_the_numbers_and_the_intervals(trials):
    regions = stability_regions(trials, "learning_rate", "depth")
    figure = region_map(regions)
    shown = np.array(figure.data[0].z, dtype=float)
    for row, x, y in zip(
        regions.to_dict("records"), regions["x"].cat.codes, regions["y"].cat.codes, strict=True
    ):
        assert shown[y, x] == pytest.approx(row["probability"], nan_ok=True)
        hover = figure.data[0].hovertext[y][x]
        assert f"{row['trials']} trials" in hover or row["trials"] <= 1
    assert sorted(figure.data[1].text, key=str) == sorted(map(str, regions["trials"]), key=str)


def test_empty_cells_of_the_map_have_no_colour_and_say_so(trials):
    regions = stability_regions(trials.head(4), "activation", "initialization")
    figure = region_map(regions)
    empty = np.isnan(np.array(figure.data[0].z, dtype=float))
    assert empty.sum() >= 16
    assert all("no trial" in text for text in np.array(figure.data[0].hovertext)[empty])
    assert figure.data[1].text.count("·") == empty.sum()


def test_bins_are_labelled_at_their_edges_and_names_in_their_middle(trials):
    figure = region_map(stability_regions(trials, "learning_rate", "activation"))
    assert list(figure.layout.xaxis.ticktext) == ["1e-4", "0.001", "0.01", "0.1", "1", "10"]
    assert list(figure.layout.xaxis.tickvals) == [-0.5, 1.5, 3.5, 5.5, 7.5, 9.5]
    assert list(figure.layout.yaxis.tickvals) == [0, 1, 2, 3, 4]


def test_verdicts_have_the_same_colours_everywhere(trials, home):
    bars = verdict_bar(verdict_counts(trials))
    assert list(bars.data[0].marker.color) == [VERDICT_COLORS[verdict] for verdict in VERDICTS]
    typical = typical_trials(trials)
    steps = load_steps("digits-mlp", home=home, trials=typical["trial"])
    for trace, verdict in zip(loss_curves(steps, typical).data, typical["verdict"], strict=True):
        assert trace.line.color == VERDICT_COLORS[verdict]
    # It was switched off for the whole figure once, so that nothing told the lines apart.
    assert loss_curves(steps, typical).layout.showlegend


def test_each_trial_with_a_prediction_is_one_mark_in_the_colour_of_its_verdict(trials):
    figure = predicted_ratio(trials)
    marks = [trace for trace in figure.data if trace.mode == "markers"]
    known = trials[trials["predicted_ratio"].notna()].set_index("trial")
    assert sorted(number for trace in marks for number in trace.customdata) == sorted(known.index)
    for trace in marks:
        rows = known.loc[list(trace.customdata)]
        assert set(rows["verdict"]) == {trace.name}
        assert trace.marker.color == VERDICT_COLORS[trace.name]
        np.testing.assert_allclose(trace.x, rows["predicted_ratio"], rtol=1e-4)
        np.testing.assert_allclose(trace.y, rows["delta_ratio_initial"], rtol=1e-4)
    assert figure.layout.xaxis.range == figure.layout.yaxis.range
    diagonal, *guides = [trace for trace in figure.data if trace.mode == "lines"]
    assert list(diagonal.x) == list(diagonal.y)
    assert {line.x[0] for line in guides} & {1e-3, 70.0} == {1e-3, 70.0}
    assert not [one for one in predicted_ratio(trials.head(0)).data if one.mode == "markers"]


def test_gradients_that_vanished_entirely_are_drawn_at_the_edge(trials):
    some = trials.dropna(subset="predicted_ratio").head(3).copy()
    some["delta_ratio_initial"] = [0.0, np.inf, 1.0]
    shown = [y for trace in predicted_ratio(some).data if trace.mode == "markers" for y in trace.y]
    assert sorted(shown) == [1e-30, 1.0, 1e30]


@pytest.mark.parametrize(
    "by", [(), ("depth",), ("depth", "activation"), ("width", "depth", "lr_decay")]
)
def test_learning_rates_are_drawn_for_any_grouping(trials, by):
    boundaries = largest_learning_rate(trials, by)
    figure = learning_rate_by_depth(boundaries, trials)
    strokes = figure.data[-1]
    assert len(strokes.y) == len(boundaries) == len(set(strokes.y))
    np.testing.assert_allclose(strokes.x, boundaries["largest"])
    marks = sum(len(trace.x) for trace in figure.data[:2])
    assert marks == len(trials)


def test_no_figure_interprets_what_people_wrote():
    assert literal("<b>&amp;") == "&lt;b&gt;&amp;amp;"
    assert literal("é" * 200, limit=20) == "é" * 19 + "…"


def test_ink_reads_on_every_colour_of_both_maps():
    def luminance(color):
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for theme in (LIGHT, DARK):
        for place in np.linspace(0, 1, 21):
            color = color_at(theme.probability, place)
            light, dark = sorted([luminance(color), luminance(ink_on(color))], reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_every_registered_figure_goes_by_its_own_name():
    assert all(draw.__name__ == name for name, draw in FIGURES.items())
    assert all(re.fullmatch(r"[a-z_]+", name) for name in FIGURES)


def layer_rows(delta, *, steps=(0, 1, 10)):
    """Rows of one trial of the layers table, in no order; `delta` by layer and step."""
    rows = [
        {"trial": 1, "step": step, "layer": layer, "name": f"layers.{layer}", "delta_rms": value}
        for layer, values in enumerate(delta, start=1)
        for step, value in zip(steps, values, strict=True)
        if value is not None
    ]
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


def test_the_heat_map_shows_each_layer_and_step_on_a_log_scale():
    figure = layer_heatmap(layer_rows([[1e-6, 1e-5, None], [1e-2, 0.0, np.nan], [1, 10, 100]]))
    heat, zeros, broken = figure.data
    expected = [[-6, -5, np.nan], [-2, -6, np.nan], [0, 1, 2]]
    np.testing.assert_allclose(np.array(heat.z, dtype=float), expected)
    assert (heat.zmin, heat.zmax) == (-6, 2)
    assert list(zip(zeros.x, zeros.y, strict=True)) == [(1, 2)]
    assert list(zip(broken.x, broken.y, strict=True)) == [(2, 2)]
    assert "layer 1 (layers.1), step 10" in heat.hovertext[0][2]
    assert "not recorded" in heat.hovertext[0][2] and "not finite" in heat.hovertext[1][2]
    assert "zero" in heat.hovertext[1][1] and "1.00e+02" in heat.hovertext[2][2]


def test_scales_of_the_heat_map_are_shared_bounded_and_never_of_one_colour():
    assert delta_decades(layer_rows([[1e-30, 1e20, 1.0]])) == (-10.0, 4.0)
    assert delta_decades(layer_rows([[0.5, 0.5, 0.5]])) == (-1.0, 1.0)
    assert delta_decades(layer_rows([[0.0, np.inf, np.nan]])) == (-1.0, 1.0)
    low, high = delta_decades(layer_rows([[1e-40, 1e-40, 1e-40]]))
    assert high - low >= 2
    assert layer_heatmap(layer_rows([[1.0, 1.0, 1.0]]), decades=(-5.0, 3.0)).data[0].zmin == -5


def test_the_heat_map_of_a_deep_network_stays_readable():
    figure = layer_heatmap(layer_rows([[1.0, 1.0, 1.0]] * 200))
    assert figure.layout.height <= 400 and figure.layout.yaxis.dtick >= 20


def test_curves_end_with_a_cross_where_values_broke_and_leave_gaps_at_zero():
    steps = pd.DataFrame(
        {
            "trial": 1,
            "step": [0, 1, 2, 5],
            "loss": [2.0, 0.0, 30.0, np.inf],
            "update_ratio": [0.01, 0.02, 0.03, 0.02],
        }
    )
    loss, update = training_curves(steps, verdict="exploding").data
    assert list(loss.marker.symbol) == ["circle", "circle", "x", "circle"]
    np.testing.assert_allclose(loss.y, [2, np.nan, 30, np.nan])
    assert "x" not in update.marker.symbol and loss.line.color == VERDICT_COLORS["exploding"]
    # Between recorded steps a schedule of sharpness has rows without an update ratio: no gap.
    _, update = training_curves(steps.assign(update_ratio=[0.1, np.nan, 0.2, np.nan])).data
    np.testing.assert_allclose(update.y, [0.1, 0.2, np.nan])
    nothing = training_curves(steps.assign(loss=np.nan))
    assert np.isnan(np.array(nothing.data[0].y, dtype=float)).all()
