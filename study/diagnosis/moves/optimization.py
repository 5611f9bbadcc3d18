"""Changes of how parameters are updated."""

from __future__ import annotations

from study.diagnosis.moves.move import Move
from study.verdicts import Verdict
from study.verdicts.causes import Cause

_DOWN = (1 / 3, 1 / 10, 1 / 30, 1 / 100, 1 / 300, 1e-3, 1e-4, 1e-5)
_UP = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
_SLUGGISH = (Verdict.STALLED, Verdict.SLOW)
_WILD = (Verdict.EXPLODING, Verdict.OSCILLATING)

OPTIMIZATION: tuple[Move, ...] = (
    Move(
        hyperparameter="learning_rate",
        reason="smaller steps stay below the limit that the loss's curvature sets",
        # Too large a step can kill units for good, which is found as vanishing.
        aims=(*_WILD, Verdict.VANISHING),
        causes=(
            Cause.LARGE_STEPS,
            Cause.KILLED_BY_UPDATE,
            Cause.SATURATED_BY_UPDATE,
            Cause.BATCH_NOISE,
            Cause.COLD_START,
            Cause.GROWING_STATE,
        ),
        factors=_DOWN,
        limits=(0.5, 0.1),
        falls=True,
        scale="decades",
        per_distance=2.0,
    ),
    Move(
        hyperparameter="learning_rate",
        reason="larger steps get further in the same time",
        aims=(*_SLUGGISH, Verdict.VANISHING),
        causes=(Cause.SMALL_STEPS, Cause.MAJORITY_ANSWER, Cause.SHORT_TRAINING),
        factors=_UP,
        values=(0.001, 0.01, 0.1, 0.3, 1.0),
        limits=(0.1, 0.3, 0.9),
        falls=False,
        scale="decades",
        per_distance=2.0,
    ),
    Move(
        hyperparameter="momentum",
        reason="without momentum the steps are shorter and do not overshoot",
        aims=_WILD,
        causes=(Cause.LARGE_STEPS,),
        values=(0.5, 0.0),
        falls=True,
        scale="averaging",
        per_distance=2.0,
    ),
    Move(
        hyperparameter="momentum",
        reason="momentum lengthens steps that agree with each other",
        aims=_SLUGGISH,
        causes=(Cause.SMALL_STEPS,),
        values=(0.5, 0.9, 0.99),
        falls=False,
        scale="averaging",
        per_distance=2.0,
    ),
    Move(
        hyperparameter="epsilon",
        reason="an update is divided by no less than epsilon, and so by no tiny gradient",
        aims=_WILD,
        causes=(Cause.EPSILON, Cause.COLD_START),
        values=(1e-6, 1e-4, 1e-2),
        falls=False,
        scale="decades",
        per_distance=0.25,
        fixed=1.0,
    ),
    Move(
        hyperparameter="epsilon",
        reason="an epsilon above the gradients' own size takes the updates their length",
        aims=_SLUGGISH,
        causes=(Cause.EPSILON,),
        values=(1e-4, 1e-6, 1e-8, 1e-10, 1e-12),
        falls=True,
        scale="decades",
        per_distance=0.25,
        fixed=1.0,
    ),
    Move(
        hyperparameter="beta2",
        reason="a shorter memory of squared gradients follows them when they grow",
        aims=_WILD,
        causes=(Cause.COLD_START,),
        values=(0.99, 0.95, 0.9),
        falls=True,
        scale="averaging",
        per_distance=0.5,
        fixed=1.0,
    ),
    Move(
        hyperparameter="beta2",
        reason="a longer memory of squared gradients keeps a rare large one from being forgotten",
        aims=_WILD,
        values=(0.99, 0.999, 0.9999),
        falls=False,
        scale="averaging",
        per_distance=0.5,
        fixed=1.0,
    ),
    Move(
        hyperparameter="weight_decay",
        reason="the decay outweighs the gradient and pulls the weights to zero",
        aims=(*_SLUGGISH, Verdict.VANISHING),
        causes=(Cause.WEIGHT_DECAY,),
        factors=(0.1, 0.01, 0.001),
        falls=True,
        scale="decades",
        per_distance=1.0,
    ),
    Move(
        hyperparameter="weight_decay",
        reason="no decay pulls the weights to zero",
        aims=(*_SLUGGISH, Verdict.VANISHING),
        causes=(Cause.WEIGHT_DECAY,),
        values=(0.0,),
        falls=True,
        fixed=3.5,
    ),
    Move(
        hyperparameter="optimizer",
        reason="decay apart from the gradient is not enlarged by adam where gradients are small"
        " (Loshchilov and Hutter 2019)",
        aims=_SLUGGISH,
        causes=(Cause.WEIGHT_DECAY,),
        values=("adamw",),
        fixed=2.0,
        needs={"optimizer": ("adam",)},
    ),
    Move(
        hyperparameter="optimizer",
        reason="steps of a size of their own for each parameter do not depend on the gradient's",
        aims=(*_SLUGGISH, Verdict.VANISHING),
        values=("adam",),
        fixed=4.0,
    ),
)
