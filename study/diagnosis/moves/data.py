"""Changes of what the network is shown, and of what its answers count."""

from __future__ import annotations

from study.diagnosis.moves.move import Move
from study.verdicts import Verdict
from study.verdicts.causes import Cause

_ALL = tuple(verdict for verdict in Verdict if verdict != Verdict.STABLE)

DATA: tuple[Move, ...] = (
    Move(
        hyperparameter="standardize",
        reason="initial weights are made for inputs of mean 0 and variance 1 (LeCun et al. 1998)",
        aims=_ALL,
        causes=(Cause.INPUT_SCALE, Cause.SATURATED_FROM_START, Cause.DEAD_FROM_START),
        values=("inputs",),
        fixed=0.5,
        needs={"standardize": ("none",)},
    ),
    Move(
        hyperparameter="standardize",
        reason="a network's first outputs are of order 1, and so are steps towards the targets",
        aims=_ALL,
        causes=(Cause.TARGET_SCALE, Cause.BOUNDED_OUTPUTS),
        values=("targets",),
        fixed=0.5,
        needs={"standardize": ("none",)},
    ),
    Move(
        hyperparameter="standardize",
        reason="initial weights are made for inputs of mean 0 and variance 1, and first outputs "
        "are of order 1",
        aims=_ALL,
        causes=(Cause.INPUT_SCALE, Cause.TARGET_SCALE),
        values=("both",),
        fixed=0.75,
    ),
    Move(
        hyperparameter="class_weights",
        reason="rare answers count as much as frequent ones, so that they are worth learning",
        aims=(Verdict.STALLED, Verdict.SLOW),
        causes=(Cause.MAJORITY_ANSWER,),
        values=("balanced",),
        fixed=1.0,
    ),
    Move(
        hyperparameter="batch_size",
        reason="the mean over a larger batch is less noisy",
        aims=(Verdict.OSCILLATING,),
        causes=(Cause.BATCH_NOISE,),
        factors=(4.0, 16.0, 64.0),
        falls=False,
        scale="decades",
        per_distance=1.0,
    ),
    Move(
        hyperparameter="batch_size",
        reason="the noise of smaller batches leads out of flat regions",
        aims=(Verdict.STALLED,),
        factors=(1 / 4,),
        falls=True,
        fixed=2.0,
    ),
    Move(
        hyperparameter="dtype",
        reason="a loss that loses a small term to rounding keeps it with twice the digits",
        causes=(Cause.LOSS_FUNCTION, Cause.NETWORK_FUNCTION),
        values=("float64",),
        fixed=3.0,
    ),
)
