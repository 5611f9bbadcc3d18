"""Figures of one configuration: curves by seed, and scales by layer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.figures import SeedGroup, layer_scales, seed_curves


def steps(*losses: list[float]) -> pd.DataFrame:
    """The steps table of seeds with these losses."""
    return pd.DataFrame(
        [
            {"trial": trial, "step": step, "loss": loss}
            for trial, each in enumerate(losses)
            for step, loss in enumerate(each)
        ]
    )


def curves(*groups: SeedGroup, log: str = "low", **options: object):
    return seed_curves(groups, column="loss", label="loss", log=log, **options)  # type: ignore


def test_each_seed_is_a_line_and_each_group_has_one_legend():
    before = SeedGroup(name="before", steps=steps([3.0, 2.0], [3.0, 2.5]))
    after = SeedGroup(name="after", steps=steps([3.0, 0.1], [3.0, 0.2]), color="#009E73")
    figure = curves(before, after)
    assert [line.name for line in figure.data] == ["before", "before", "after", "after"]
    assert [line.showlegend for line in figure.data] == [True, False, True, False]
    assert figure.layout.yaxis.type == "log" and figure.layout.showlegend
    assert not curves(after).layout.showlegend


def test_the_line_of_a_trial_that_broke_ends_with_a_cross():
    # What is not finite may come after the last recorded step.
    for losses, symbols in (
        ([3.0, 9.0, np.inf], ["circle", "x", "circle"]),
        ([3.0, 9.0], ["circle", "x"]),
    ):
        group = SeedGroup(name="a", steps=steps(losses, losses), broken=frozenset({1}))
        whole, broken = curves(group).data
        assert list(broken.marker.symbol) == symbols and "x" not in whole.marker.symbol


def test_negative_losses_have_a_linear_axis_and_zeros_leave_gaps():
    assert curves(SeedGroup(name="a", steps=steps([3.0, -9.0]))).layout.yaxis.type == "linear"
    figure = curves(SeedGroup(name="a", steps=steps([3.0, 0.0, 1.0])))
    assert figure.layout.yaxis.type == "log"
    np.testing.assert_allclose(figure.data[0].y, [3, np.nan, 1])


@pytest.mark.parametrize(("kept", "inside"), [("low", 1.0), ("high", 1e40)])
def test_a_long_log_axis_keeps_the_end_that_is_asked_for(kept, inside):
    figure = curves(SeedGroup(name="a", steps=steps([1.0, 1e40])), log=kept)
    low, high = figure.layout.yaxis.range
    assert high - low < 14 and low <= np.log10(inside) <= high


def test_levels_are_named_where_they_are_known():
    group = SeedGroup(name="a", steps=steps([0.1, 0.2]))
    figure = curves(group, log="", marks={"chance": 0.1, "target": np.nan}, lowest=0.0)
    assert [note.text for note in figure.layout.annotations] == ["chance"]
    far = curves(SeedGroup(name="a", steps=steps([-1e9, 0.5])), log="", lowest=-1.0)
    assert far.layout.yaxis.range[0] > -1.2, "one value far below leaves the others apart"


def test_scales_go_from_the_inputs_to_the_targets():
    layers = pd.DataFrame(
        [
            {"step": step, "layer": layer, "name": f"<b>{layer}", "preactivation_rms": 1.0 + step}
            for step in range(9)
            for layer in (1, 2, 3)
        ]
    )
    figure = layer_scales(layers, inputs=57.0, targets=3e7)
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert [line.name for line in lines] == ["step 0", "step 2", "step 4", "step 6", "step 8"]
    assert lines[0].text[0] == "&lt;b&gt;1"
    data = {trace.name: (trace.x[0], trace.y[0]) for trace in figure.data[len(lines) :]}
    assert data == {"inputs": (0, 57.0), "targets": (4, 3e7)}
    assert figure.layout.yaxis.range[1] > np.log10(3e7)
    unknown = layer_scales(layers)
    assert "inputs" not in unknown.layout.xaxis.ticktext and len(unknown.data) == 5
