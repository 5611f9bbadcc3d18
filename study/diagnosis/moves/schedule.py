"""Changes of the learning rate over the steps, of clipping, and of the number of steps."""

from __future__ import annotations

from search_spaces.catalogue.hyperparameter import NONE
from study.diagnosis.change import STEPS
from study.diagnosis.moves.move import Move
from study.verdicts import Verdict
from study.verdicts.causes import Cause

_SLUGGISH = (Verdict.STALLED, Verdict.SLOW)
_WILD = (Verdict.EXPLODING, Verdict.OSCILLATING)
_FIRST_STEPS = "small first steps lead away from the steep region where training begins"
_FIRST_CAUSES = (Cause.COLD_START, Cause.KILLED_BY_UPDATE, Cause.SATURATED_BY_UPDATE)
_BOUNDS = "clipping bounds the step that a steep region of the loss can cause"
_NO_CLIPPING = "the whole gradient acts, nothing is cut off"

SCHEDULE: tuple[Move, ...] = (
    Move(
        hyperparameter="lr_decay",
        reason="the learning rate stays what it is to the end",
        aims=_SLUGGISH,
        causes=(Cause.DECAYED_RATE,),
        values=("constant",),
        fixed=0.5,
    ),
    Move(
        hyperparameter="lr_decay_steps",
        reason="the learning rate falls more slowly",
        aims=_SLUGGISH,
        causes=(Cause.DECAYED_RATE,),
        factors=(3.0, 10.0, 30.0, 100.0, 1000.0),
        falls=False,
        scale="decades",
        per_distance=0.5,
        fixed=0.5,
    ),
    Move(
        hyperparameter="lr_decay_rate",
        reason="the learning rate falls by less each time",
        aims=_SLUGGISH,
        causes=(Cause.DECAYED_RATE,),
        values=(0.5, 0.9, 0.97, 0.99, 0.999),
        falls=False,
        scale="averaging",
        per_distance=0.5,
        fixed=0.75,
    ),
    Move(
        hyperparameter="lr_decay",
        reason="steps that shrink let the loss settle",
        aims=(Verdict.OSCILLATING,),
        causes=(Cause.BATCH_NOISE, Cause.LEVELLED_OFF),
        values=("cosine",),
        fixed=1.0,
        needs={"lr_decay": ("constant",)},
    ),
    Move(
        hyperparameter="warmup_steps",
        reason=_FIRST_STEPS,
        aims=(Verdict.EXPLODING,),
        causes=_FIRST_CAUSES,
        shares=(0.1,),
        falls=False,
        fixed=1.0,
    ),
    Move(
        hyperparameter="warmup_steps",
        reason=_FIRST_STEPS,
        aims=(Verdict.EXPLODING,),
        causes=_FIRST_CAUSES,
        shares=(0.3,),
        falls=False,
        fixed=1.5,
    ),
    Move(
        hyperparameter="warmup_steps",
        reason="the learning rate reaches its full value earlier",
        aims=_SLUGGISH,
        causes=(Cause.SMALL_STEPS, Cause.SHORT_TRAINING),
        shares=(0.1,),
        values=(0,),
        falls=True,
        fixed=1.0,
    ),
    Move(
        hyperparameter="clip_norm",
        reason=_BOUNDS,
        aims=_WILD,
        causes=(
            Cause.LARGE_STEPS,
            Cause.GROWING_THROUGH_TIME,
            Cause.GROWING_THROUGH_DEPTH,
            Cause.GROWING_STATE,
        ),
        values=(10.0, 1.0, 0.1, 0.01),
        falls=True,
        scale="decades",
        per_distance=0.5,
        fixed=1.0,
    ),
    Move(
        hyperparameter="clip_value",
        reason="no component of the gradient makes a long step by itself",
        aims=_WILD,
        causes=(Cause.GROWING_THROUGH_TIME,),
        values=(1.0, 0.1, 0.01),
        falls=True,
        scale="decades",
        per_distance=0.5,
        fixed=1.25,
    ),
    Move(
        hyperparameter="clip_norm",
        reason="the gradient is cut so short that steps get nowhere",
        aims=(*_SLUGGISH, Verdict.VANISHING),
        causes=(Cause.CLIPPED_AWAY,),
        factors=(10.0, 100.0, 1000.0),
        falls=False,
        scale="decades",
        per_distance=0.5,
        fixed=1.0,
    ),
    *(
        Move(
            hyperparameter=name,
            reason=_NO_CLIPPING,
            aims=(*_SLUGGISH, Verdict.VANISHING),
            causes=(Cause.CLIPPED_AWAY,),
            values=(NONE,),
            falls=False,
            fixed=1.0,
        )
        for name in ("clip_norm", "clip_value", "clip_agc")
    ),
    Move(
        hyperparameter=STEPS,
        reason="it is still learning when the steps end",
        aims=(Verdict.SLOW,),
        causes=(Cause.SHORT_TRAINING,),
        factors=(3.0,),
        falls=False,
        scale="decades",
        per_distance=2.0,
        fixed=1.5,
    ),
    Move(
        hyperparameter=STEPS,
        reason="it is still learning when the steps end, and three times as many are too few",
        causes=(Cause.SHORT_TRAINING,),
        factors=(10.0,),
        falls=False,
        scale="decades",
        per_distance=2.0,
        fixed=1.5,
    ),
)
