"""Failures as people report them, each a small study with its cause, its fix and its twin."""

from __future__ import annotations

from reported_situations import (
    data,
    depth,
    flat,
    goals,
    left_out,
    losses,
    scales,
    step_sizes,
    time_steps,
    units,
    wiring,
)
from reported_situations.situation import Fix, Situation, is_fix

__all__ = ["SITUATIONS", "Fix", "Situation", "is_fix"]

SITUATIONS: tuple[Situation, ...] = (
    *scales.SITUATIONS,
    *step_sizes.SITUATIONS,
    *units.SITUATIONS,
    *losses.SITUATIONS,
    *depth.SITUATIONS,
    *time_steps.SITUATIONS,
    *data.SITUATIONS,
    *wiring.SITUATIONS,
    *left_out.SITUATIONS,
    *flat.SITUATIONS,
    *goals.SITUATIONS,
)
