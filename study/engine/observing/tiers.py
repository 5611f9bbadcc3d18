"""How much of a cohort's training is measured: tiers by cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from study.engine.observing.recorded_steps import no_steps, recorded_steps, sparse_steps

Steps = Callable[[int], tuple[int, ...]]
"""From the number of steps to those at which a quantity is measured."""


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """What is measured beside loss, metric, gradient norm, clip factor and update ratio.

    Attributes:
        layers: When every layer is measured, at recorded steps.
        noise_scale: When the gradient noise scale is, at recorded steps; costs one more pass.
        sharpness: When the largest Hessian eigenvalue is; costs dozens of passes.
    """

    layers: Steps = no_steps
    noise_scale: Steps = no_steps
    sharpness: Steps = no_steps


STATISTICS: dict[str, Statistics] = {
    "minimal": Statistics(),
    "standard": Statistics(layers=recorded_steps),
    "full": Statistics(layers=recorded_steps, noise_scale=recorded_steps, sharpness=sparse_steps),
}


def statistics_named(name: str, sharpness_steps: Sequence[int] | None = None) -> Statistics:
    """Returns the tier of this name.

    Args:
        name: One of `STATISTICS`.
        sharpness_steps: When sharpness is measured, in place of when the tier does; steps that a
            training does not reach are left out.

    Raises:
        ValueError: If there is none.
    """
    if name not in STATISTICS:
        raise ValueError(f"unknown statistics {name!r}; known: {', '.join(STATISTICS)}")
    if sharpness_steps is None:
        return STATISTICS[name]
    chosen = sorted(set(sharpness_steps))
    return replace(
        STATISTICS[name], sharpness=lambda steps: tuple(step for step in chosen if step < steps)
    )
