from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from study.diagnosis import layer_gradients


def rows(**columns: object) -> pd.DataFrame:
    """Layers 1 and 2 of three seeds at steps 0 and 9; delta = seed + 10 * layer + step."""
    frame = pd.DataFrame(
        [(trial, step, layer) for trial in range(3) for step in (0, 9) for layer in (1, 2)],
        columns=["trial", "step", "layer"],
    )
    delta = frame["trial"] + 10.0 * frame["layer"] + frame["step"]
    frame = frame.assign(
        name="hidden_" + frame["layer"].astype(str), role="hidden", calls=1, delta_rms=delta
    )
    frame = frame.assign(
        delta_rms_first_call=delta / 2, delta_rms_last_call=delta * 2, nonfinite_count=0
    )
    return frame.assign(**columns)


def test_the_median_over_seeds_first_and_last() -> None:
    gradients = layer_gradients(rows())
    assert [(gradient.layer, gradient.name, gradient.call) for gradient in gradients] == [
        (1, "hidden_1", ""),
        (2, "hidden_2", ""),
    ]
    assert [(gradient.initial, gradient.final) for gradient in gradients] == [(11, 20), (21, 30)]


def test_seeds_end_at_steps_of_their_own() -> None:
    frame = rows()
    short = frame[(frame["trial"] != 2) | (frame["step"] == 0)]
    assert layer_gradients(short)[0].final == np.median([19, 20, 12])


def test_recurrent_layers_by_their_first_and_last_call() -> None:
    gradients = layer_gradients(rows(calls=[1, 24] * 6))
    assert [(gradient.layer, gradient.call) for gradient in gradients] == [
        (1, ""),
        (2, "first call"),
        (2, "last call"),
    ]
    assert (gradients[1].initial, gradients[2].initial) == (10.5, 42)


def test_what_is_not_finite_is_not_lost() -> None:
    frame = rows()
    broken = (frame["trial"] > 0) & (frame["layer"] == 1) & (frame["step"] == 9)
    frame["delta_rms"] = frame["delta_rms"].where(~broken)
    assert layer_gradients(frame)[0].final == 19, "unmeasured seeds do not count"
    frame["nonfinite_count"] = broken.astype(int)
    assert layer_gradients(frame)[0].final == math.inf, "two of three are not finite"
    frame["delta_rms"] = np.nan
    assert math.isnan(layer_gradients(frame)[1].initial)


@pytest.mark.parametrize("frame", [rows().head(0)])
def test_nothing_was_measured(frame: pd.DataFrame) -> None:
    assert layer_gradients(frame) == ()
