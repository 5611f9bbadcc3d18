"""Causes that lie in how the network is put together, and in what its data can tell at all."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from study.verdicts.causes.cause import Cause
from study.verdicts.causes.of_gradients import says_shrinking_in_time
from study.verdicts.causes.of_task import LITTLE, ran_away
from study.verdicts.causes.rule import Rule
from study.verdicts.causes.signs import Signs
from study.verdicts.outcome import Outcome
from study.verdicts.thresholds import Thresholds

Holds = Callable[[Signs, Thresholds], np.ndarray]

SHORT_OF = 0.02
"""Share of the way to the ceiling below which two fits find nothing in the inputs."""


def _network_function(signs: Signs, _: Thresholds) -> np.ndarray:
    return (signs.failure_origin.astype(str) == "network") & ~ran_away(signs)


def _has(signs: Signs, fault: Cause) -> np.ndarray:
    return signs.wiring_fault.astype(str) == fault.value


def _always(cause: Cause) -> Holds:
    return lambda signs, _: _has(signs, cause)


def _of_the_fruitless(cause: Cause) -> Holds:
    return lambda signs, _: signs.fruitless & _has(signs, cause)


def _linear(signs: Signs, _: Thresholds) -> np.ndarray:
    # What is still on its way may get there as it is.
    return signs.fruitless & _has(signs, Cause.LINEAR_NETWORK) & ~signs.learning


def _no_signal(signs: Signs, _: Thresholds) -> np.ndarray:
    # What is fitted all the same is learned by heart, example by example.
    return signs.fruitless & (signs.signal < SHORT_OF) & ~(signs.progress >= LITTLE)


def _shrinking_unseen(signs: Signs, thresholds: Thresholds) -> np.ndarray:
    """Of torch's own recurrent modules, whose time steps no layer shows."""
    nothing = signs.outcome.astype(object) == Outcome.STALLED.value
    return nothing & (signs.time_ratio < thresholds.vanishing_ratio) & ~signs.learning


def _says_detail(trial: SimpleNamespace, _: Thresholds) -> str:
    return str(trial.wiring_detail)


OF_THE_NETWORK: tuple[Rule, ...] = (
    Rule(
        cause=Cause.NETWORK_FUNCTION,
        holds=_network_function,
        # Which function, and for which examples, says the sentence that follows.
        says=lambda trial, _: "the network's own code is to blame, not its training",
    ),
)

OF_THE_BATCH: tuple[Rule, ...] = tuple(
    Rule(cause=cause, holds=_always(cause), says=_says_detail)
    for cause in (Cause.BROADCAST, Cause.UNSEEN_INPUTS, Cause.MIXED_EXAMPLES)
)

OF_THE_UNITS: tuple[Rule, ...] = (
    Rule(
        cause=Cause.ALIKE_UNITS,
        holds=_of_the_fruitless(Cause.ALIKE_UNITS),
        says=_says_detail,
    ),
)

OF_THE_REST: tuple[Rule, ...] = (
    Rule(cause=Cause.SHRINKING_THROUGH_TIME, holds=_shrinking_unseen, says=says_shrinking_in_time),
    Rule(
        cause=Cause.NO_SIGNAL,
        holds=_no_signal,
        says=lambda trial, _: (
            "neither nearest neighbours nor a linear fit find anything in the inputs that tells "
            "the targets, as if the two did not belong together"
        ),
    ),
    Rule(cause=Cause.OWN_NOISE, holds=_of_the_fruitless(Cause.OWN_NOISE), says=_says_detail),
    Rule(cause=Cause.LINEAR_NETWORK, holds=_linear, says=_says_detail),
)
