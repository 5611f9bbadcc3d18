from __future__ import annotations

import pandas as pd
import pytest

from study.tables.schema import FLAGS
from study.verdicts import label_trials
from study.verdicts.flags import MEANINGS

STALLED = {"metric_final": 0.10, "metric_best": 0.12, "loss_final": 2.3}


@pytest.fixture
def flags(make_trials, make_layers):
    def of(change: dict[str, object], **layers: object) -> str:
        return str(label_trials(make_trials(change), make_layers(**layers))["flags"][0])

    return of


def test_a_healthy_trial_has_none(flags) -> None:
    assert flags({}) == ""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"clipped_fraction": 0.5}, ""),
        ({"clipped_fraction": 0.51}, "clip_dominated"),
        ({"loss_max": 4.7}, ""),
        ({"loss_max": 4.9}, "catapult"),
        ({**STALLED, "loss_max": 4.9}, ""),
        ({"edge_ratio": 0.79}, ""),
        ({"edge_ratio": 0.81}, "edge_of_stability"),
        ({"edge_ratio": 1.19}, "edge_of_stability"),
        ({"edge_ratio": 1.21}, ""),
    ],
)
def test_flags_of_the_trial(flags, change: dict[str, object], expected: str) -> None:
    assert flags(change) == expected


def test_batch_normalization_explodes_at_step_0(flags) -> None:
    exploding = {"factor": 1.2, "steps": (0,)}  # R = 1.2^29 = 198
    assert flags({"normalization": "batch"}, **exploding) == "batchnorm_explosion"
    assert flags({"normalization": "layer"}, **exploding) == ""
    assert flags({"normalization": "batch"}, factor=1.1, steps=(0,)) == ""  # R = 16
    assert flags({}, **exploding) == ""


def test_divergence_that_clipping_hides(flags) -> None:
    chaotic = {"factor": 1.2, "steps": (0, 1, 2)}
    assert flags({**STALLED, "clipped_fraction": 0.1}, **chaotic) == "clipped_divergence"
    assert flags({**STALLED, "clipped_fraction": 0.0}, **chaotic) == ""
    # What became infinite all the same is not hidden; what trained did not diverge.
    failed = {"failure_step": 7, "clipped_fraction": 0.1}
    assert flags(failed, **chaotic) == ""
    assert flags({"clipped_fraction": 0.1}, **chaotic) == ""


def test_dead_and_saturated_layers_at_the_end(make_trials, make_layers) -> None:
    def of(**end: float) -> str:
        layers = [make_layers(steps=(0,)), make_layers(steps=(5,), **end)]
        return str(label_trials(make_trials({}), pd.concat(layers))["flags"][0])

    assert of(dead=0.89, saturated=0.5) == ""
    assert of(dead=0.9) == "dead_layer"
    assert of(saturated=0.51) == "saturated_layer"


def test_several_flags_stand_in_the_order_of_the_vocabulary(flags) -> None:
    found = flags({"clipped_fraction": 0.9, "loss_max": 100.0, "edge_ratio": 1.0}, dead=1.0)
    assert found == "clip_dominated,catapult,edge_of_stability,dead_layer"
    assert tuple(MEANINGS) == FLAGS
