"""How much to measure of the configuration that is diagnosed."""

from __future__ import annotations

from collections.abc import Mapping

from search_spaces.catalogue import Value
from study.engine.observing.tiers import STATISTICS
from study.engine.quantities.sharpness import EXAMPLES
from study.preflight.configuration import Preflight

PASSES = 40
"""Training passes that one sharpness takes, double backward ones counted twice."""

AFFORDABLE_S = 10.0
"""Estimated time for sharpness, of all seeds, up to which it is measured unasked: of one of them,
which is told of first, it may be several times as long for a network of one's own."""


def affordable_statistics(checked: Preflight, values: Mapping[str, Value], seeds: int) -> str:
    """Returns the study file's tier, at least `standard`; `full` where curvature costs little.

    What is to be explained must be measured, whatever the study itself does. Sharpness gives the
    largest stable learning rate.

    Args:
        checked: The study file.
        values: The configuration.
        seeds: Number of seeds that it is trained with.
    """
    if checked.config.statistics == "full":
        return "full"
    seconds = seeds * checked.seconds(values) * cost_of("full", checked, values)
    affordable = seconds <= AFFORDABLE_S and checked.has_curvature(values)
    return "full" if affordable else "standard"


def cost_of(statistics: str, checked: Preflight, values: Mapping[str, Value]) -> float:
    """Returns what sharpness adds to a configuration's training, as a share of the training."""
    steps, batch = checked.config.steps, values["batch_size"]
    assert isinstance(batch, int)
    times = len(STATISTICS[statistics].sharpness(steps))
    return times * PASSES * EXAMPLES / batch / steps
