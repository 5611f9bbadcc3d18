"""Smoothed maps, learning-rate limits, reliability: what is drawn is what the tables say."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from analysis import smooth_map, smoothed_regions, smoothed_surface
from analysis.figures import DARK, learning_rate_limits, reliability_plot, smoothed_map
from analysis.figures.learning_rate_limits import limit_label
from analysis.maps.theory_lines import theory_lines
from analysis.smoothing.surface import surface_shares
from tests.analysis.smoothing.test_smoothing import study


@pytest.fixture(scope="module")
def mapped():
    trials = study(150, seed=4)
    trials["predicted_max_learning_rate"] = 1.0 / trials["depth"]
    fitted = smooth_map(trials, "learning_rate", "depth")
    return (
        smoothed_surface(trials, "learning_rate", "depth", fitted=fitted),
        smoothed_regions(trials, "learning_rate", "depth", fitted=fitted),
        theory_lines(trials, "learning_rate", "depth"),
    )


def area(xs, ys):
    """Of rectangles drawn one after the other, each ended by None."""
    corners = [list(part) for part in (xs, ys)]
    total = 0.0
    for start in range(0, len(corners[0]), 5):
        x, y = corners[0][start : start + 4], corners[1][start : start + 4]
        total += (max(x) - min(x)) * (max(y) - min(y))
    return total


def test_the_hatched_area_is_the_boundary_s_and_the_colours_are_the_probabilities(mapped):
    surface, regions, theory = mapped
    figure = smoothed_map(surface, regions, theory, theme=DARK)
    colours, hatched = figure.data[0], figure.data[1]
    shape = surface["x_place"].nunique(), surface["y_place"].nunique()
    shown = np.array(colours.z, dtype=float)
    expected = surface["probability"].to_numpy().reshape(shape).T
    np.testing.assert_allclose(shown, expected, atol=1e-3)
    assert (colours.x[0], colours.x[-1]) == (-0.5, regions["x"].cat.codes.max() + 0.5)
    cells = regions["x"].nunique() * regions["y"].nunique()
    assert hatched.fillpattern.shape == "/"
    share = area(hatched.x, hatched.y) / cells
    assert share == pytest.approx(surface_shares(surface)["boundary"], abs=1e-3)
    assert 0.02 < share < 0.6


def test_theory_s_line_is_at_the_predicted_rate_of_each_depth(mapped):
    surface, regions, theory = mapped
    figure = smoothed_map(surface, regions, theory)
    line = next(trace for trace in figure.data if trace.name == "largest learning rate")
    columns = regions.drop_duplicates("x")
    low, high = columns["x_low"].min(), columns["x_high"].max()
    for cell, depth in enumerate([2, 4, 8, 16, 32]):
        at = 2 * cell
        assert line.y[at] == cell - 0.5
        place = np.log(1 / depth / low) / np.log(high / low) * len(columns) - 0.5
        assert line.x[at] == pytest.approx(place)


def test_the_shares_of_the_map_add_up(mapped):
    shares = surface_shares(mapped[0])
    assert sum(shares.values()) == pytest.approx(1) and set(shares) == {
        "stable",
        "boundary",
        "failing",
    }
    assert shares["stable"] > 0.2 and shares["failing"] > 0.1


def limits(**changed):
    row = {
        "by": "depth",
        "value": "2",
        "trials": 20,
        "stable": 9,
        "reached": 1.0,
        "smallest": 0.001,
        "smallest_low": 0.0005,
        "smallest_high": 0.002,
        "largest": 0.1,
        "largest_low": 0.05,
        "largest_high": math.inf,
    }
    return {**row, **changed}


def test_limits_say_where_they_are_open_and_where_there_are_none():
    none = limits(value="4", smallest=math.inf, largest=0.0, smallest_low=0.0, largest_low=0.0)
    assert limit_label(limits(), "smallest") == "0.001 (5e-4 to 0.002)"
    assert limit_label(limits(), "largest") == "0.1 (0.05 to above all)"
    assert limit_label(none, "largest") == "nowhere half"
    table = pd.DataFrame([limits(by="", value=""), limits(), none])
    table.attrs = {"learning_rate": "learning_rate", "tried": [1e-4, 1.0]}
    figure = learning_rate_limits(table)
    assert json.loads(figure.to_json())
    bars = figure.data[0]
    assert np.isfinite(np.array(bars.x, dtype=float)).sum() == 4, "no bar where nowhere half"
    arrows = [trace for trace in figure.data if trace.marker.symbol == "triangle-right"]
    assert len(arrows[1].x) == 2 and set(arrows[1].x) == {1.0}
    words = [trace for trace in figure.data if trace.mode == "text"]
    assert len(words) == 1 and "nowhere half" in words[0].text[0]
    assert list(figure.layout.yaxis.ticktext) == ["all trials", "2", "4"]


def test_reliability_marks_lie_where_the_table_says():
    table = pd.DataFrame(
        {
            "from": [0.0, 0.9],
            "to": [0.1, 1.0],
            "trials": [100, 50],
            "stable": [4, 48],
            "predicted": [0.05, 0.95],
            "observed": [0.04, 0.96],
            "low": [0.01, 0.86],
            "high": [0.1, 0.99],
        }
    )
    marks = reliability_plot(table).data[1]
    assert list(marks.x) == [0.05, 0.95] and list(marks.y) == [0.04, 0.96]
    np.testing.assert_allclose(np.add(marks.y, marks.error_y.array), table["high"])
    assert "4 of 100 trials" in marks.hovertext[0]
    assert len(reliability_plot(table.head(0)).data[1].x) == 0
