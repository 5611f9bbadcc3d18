"""Changes of how parameters are updated."""

from __future__ import annotations

from study.diagnosis.moves.move import Move
from study.verdicts import Verdict

_DOWN = (1 / 3, 1 / 10, 1 / 30, 1 / 100, 1 / 300, 1e-3, 1e-4, 1e-5)
_UP = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)

OPTIMIZATION: tuple[Move, ...] = (
    Move(
        hyperparameter="learning_rate",
        reason="smaller steps stay below the limit that the loss's curvature sets",
        # Too large a step can kill units for good, which is found as vanishing.
        aims=(Verdict.EXPLODING, Verdict.OSCILLATING, Verdict.VANISHING),
        factors=_DOWN,
        falls=True,
        scale="decades",
        per_distance=2.0,
    ),
    Move(
        hyperparameter="learning_rate",
        reason="larger steps get further in the same time",
        aims=(Verdict.STALLED, Verdict.VANISHING),
        factors=_UP,
        falls=False,
        scale="decades",
        per_distance=2.0,
    ),
    Move(
        hyperparameter="momentum",
        reason="without momentum the steps are shorter and do not overshoot",
        aims=(Verdict.EXPLODING, Verdict.OSCILLATING),
        values=(0.5, 0.0),
        falls=True,
        scale="averaging",
        per_distance=2.0,
    ),
    Move(
        hyperparameter="momentum",
        reason="momentum lengthens steps that agree with each other",
        aims=(Verdict.STALLED,),
        values=(0.5, 0.9, 0.99),
        falls=False,
        scale="averaging",
        per_distance=2.0,
    ),
    Move(
        hyperparameter="clip_norm",
        reason="clipping bounds the step that a steep region of the loss can cause",
        aims=(Verdict.EXPLODING, Verdict.OSCILLATING),
        values=(10.0, 1.0, 0.1, 0.01),
        falls=True,
        scale="decades",
        per_distance=0.5,
        fixed=1.0,
    ),
    Move(
        hyperparameter="clip_norm",
        reason="the gradient is cut so short that steps get nowhere",
        aims=(Verdict.STALLED, Verdict.VANISHING),
        factors=(10.0, 100.0, 1000.0),
        falls=False,
        scale="decades",
        per_distance=0.5,
        fixed=1.0,
    ),
    Move(
        hyperparameter="warmup_steps",
        reason="small first steps lead away from the steep region where training begins",
        aims=(Verdict.EXPLODING,),
        shares=(0.1,),
        falls=False,
        fixed=1.0,
    ),
    Move(
        hyperparameter="warmup_steps",
        reason="small first steps lead away from the steep region where training begins",
        aims=(Verdict.EXPLODING,),
        shares=(0.3,),
        falls=False,
        fixed=1.5,
    ),
    Move(
        hyperparameter="lr_decay",
        reason="steps that shrink let the loss settle",
        aims=(Verdict.OSCILLATING,),
        values=("cosine",),
        fixed=1.0,
    ),
    Move(
        hyperparameter="weight_decay",
        reason="the decay outweighs the gradient and pulls the weights to zero",
        aims=(Verdict.STALLED, Verdict.VANISHING),
        factors=(0.1, 0.01, 0.001),
        falls=True,
        scale="decades",
        per_distance=1.0,
    ),
    Move(
        hyperparameter="optimizer",
        reason="steps of a size of their own for each parameter do not depend on the gradient's",
        aims=(Verdict.VANISHING, Verdict.STALLED),
        values=("adam",),
        fixed=4.0,
    ),
)
