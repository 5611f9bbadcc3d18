"""The gradient by layer, over seeds: what the picture shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

Call = Literal["", "first call", "last call"]

_COLUMNS: dict[Call, str] = {
    "": "delta_rms",
    "first call": "delta_rms_first_call",
    "last call": "delta_rms_last_call",
}


@dataclass(frozen=True, kw_only=True)
class LayerGradient:
    """rms(delta) of one layer, the median over seeds.

    Attributes:
        layer: Its number; 1 is nearest the input.
        name: The module's name.
        role: hidden or output.
        call: Of a layer that is called once a time step, which call; "" of any other.
        initial: At initialization; infinite if not finite with half of the seeds or more, NaN if
            it was not measured.
        final: The same at the last recorded step.
    """

    layer: int
    name: str
    role: str
    call: Call
    initial: float
    final: float


def layer_gradients(layers: pd.DataFrame) -> tuple[LayerGradient, ...]:
    """Lists gradients by layer in forward order; recurrent ones by first and last call.

    Args:
        layers: Of some seeds of one configuration, as in the tables.
    """
    if layers.empty:
        return ()
    first = layers[layers["step"] == 0]
    last = layers[layers["step"] == layers.groupby("trial")["step"].transform("max")]
    ends = dict(iter(last.groupby("layer")))
    return tuple(
        LayerGradient(
            layer=int(rows["layer"].iloc[0]),
            name=str(rows["name"].iloc[0]),
            role=str(rows["role"].iloc[0]),
            call=call,
            initial=_median(rows, _COLUMNS[call]),
            final=_median(ends[number], _COLUMNS[call]),
        )
        for number, rows in first.groupby("layer")
        for call in _calls(rows)
    )


def _calls(rows: pd.DataFrame) -> Iterator[Call]:
    yield from ("first call", "last call") if (rows["calls"] > 1).any() else ("",)


def _median(rows: pd.DataFrame, column: str) -> float:
    """Over seeds; NaN or null counts as infinite where the layer had non-finite values."""
    values = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
    broken = rows["nonfinite_count"].to_numpy(dtype=np.float64, na_value=0.0) > 0
    values = np.where(np.isnan(values) & broken, np.inf, values)
    measured = values[~np.isnan(values)]
    return float(np.median(measured)) if len(measured) else float("nan")
