"""Changes of how weights begin."""

from __future__ import annotations

from search_spaces.catalogue.initialization import INITIALIZATIONS
from study.diagnosis.moves.move import IMAGE_NETWORKS, Move
from study.verdicts import Verdict
from study.verdicts.causes import Cause

_LARGER = (1.5, 2.0, 3.0, 5.0, 10.0)
_SMALLER = (1 / 1.5, 1 / 2, 1 / 3, 1 / 5, 1 / 10)
_MEAN_FIELD = "mean_field"
_OTHERS = tuple(name for name in INITIALIZATIONS if name != _MEAN_FIELD)
"""Under mean_field the same is changed by weight_std, its own word for it."""

INITIALIZATION: tuple[Move, ...] = (
    Move(
        hyperparameter="init_gain",
        reason="larger initial weights keep signals and gradients from shrinking layer by layer",
        aims=(Verdict.VANISHING, Verdict.STALLED, Verdict.SLOW),
        causes=(Cause.SHRINKING_THROUGH_DEPTH,),
        factors=_LARGER,
        values=(1.0,),
        falls=False,
        scale="decades",
        per_distance=4.0,
        needs={"initialization": _OTHERS},
    ),
    Move(
        hyperparameter="init_gain",
        reason="smaller initial weights keep signals and gradients from growing layer by layer",
        aims=(Verdict.EXPLODING, Verdict.OSCILLATING),
        causes=(
            Cause.GROWING_THROUGH_DEPTH,
            Cause.SATURATED_FROM_START,
        ),
        factors=_SMALLER,
        values=(1.0,),
        falls=True,
        scale="decades",
        per_distance=4.0,
        needs={"initialization": _OTHERS},
    ),
    Move(
        hyperparameter="weight_std",
        reason="larger initial weights keep gradients from shrinking layer by layer",
        aims=(Verdict.VANISHING, Verdict.STALLED, Verdict.SLOW),
        causes=(Cause.SHRINKING_THROUGH_DEPTH,),
        factors=(1.2, 1.5, 2.0, 3.0, 5.0),
        falls=False,
        scale="decades",
        per_distance=4.0,
    ),
    Move(
        hyperparameter="weight_std",
        reason="smaller initial weights keep gradients from growing layer by layer",
        aims=(Verdict.EXPLODING, Verdict.OSCILLATING),
        causes=(
            Cause.GROWING_THROUGH_DEPTH,
            Cause.SATURATED_FROM_START,
        ),
        factors=(1 / 1.2, 1 / 1.5, 1 / 2, 1 / 3, 1 / 5),
        falls=True,
        scale="decades",
        per_distance=4.0,
    ),
    Move(
        hyperparameter="recurrent_gain",
        reason="larger recurrent weights keep gradients from shrinking at every time step",
        aims=(Verdict.VANISHING, Verdict.STALLED, Verdict.SLOW),
        causes=(Cause.SHRINKING_THROUGH_TIME,),
        factors=_LARGER,
        values=(1.0,),
        falls=False,
        scale="decades",
        per_distance=4.0,
    ),
    Move(
        hyperparameter="recurrent_gain",
        reason="smaller recurrent weights keep gradients from growing at every time step",
        aims=(Verdict.EXPLODING, Verdict.OSCILLATING, Verdict.VANISHING),
        causes=(
            Cause.GROWING_THROUGH_TIME,
            Cause.GROWING_STATE,
        ),
        factors=_SMALLER,
        values=(1.0,),
        falls=True,
        scale="decades",
        per_distance=4.0,
    ),
    Move(
        hyperparameter="forget_bias",
        reason="open forget gates carry gradients through time (Jozefowicz et al. 2015)",
        aims=(Verdict.VANISHING, Verdict.STALLED, Verdict.SLOW),
        causes=(Cause.SHRINKING_THROUGH_TIME,),
        values=(1.0, 2.0, 4.0),
        falls=False,
        scale="units",
        per_distance=0.5,
        fixed=0.5,
    ),
    Move(
        hyperparameter="forget_bias",
        reason="a gate that forgets keeps the state from adding up over time",
        aims=(Verdict.EXPLODING,),
        causes=(Cause.GROWING_STATE,),
        values=(1.0, 0.0),
        falls=True,
        scale="units",
        per_distance=0.5,
        fixed=0.5,
    ),
    Move(
        hyperparameter="recurrent_initialization",
        reason="orthogonal maps keep a gradient's length over time steps; the identity carries"
        " the state on (Le et al. 2015)",
        aims=(Verdict.VANISHING, Verdict.EXPLODING),
        causes=(
            Cause.SHRINKING_THROUGH_TIME,
            Cause.GROWING_THROUGH_TIME,
        ),
        values=("orthogonal", "identity"),
        fixed=1.5,
    ),
    Move(
        hyperparameter="residual_initialization",
        reason="residual branches that begin small leave the skip connections to carry signals",
        aims=(Verdict.EXPLODING, Verdict.VANISHING),
        causes=(Cause.GROWING_THROUGH_DEPTH,),
        values=("zero_last", "fixup"),
        fixed=1.5,
    ),
    Move(
        hyperparameter="initialization",
        reason="initial weights of another scale keep gradients from shrinking or growing",
        aims=(Verdict.VANISHING, Verdict.EXPLODING, Verdict.STALLED, Verdict.SLOW),
        causes=(
            Cause.SHRINKING_THROUGH_DEPTH,
            Cause.GROWING_THROUGH_DEPTH,
            Cause.DEAD_FROM_START,
            Cause.SATURATED_FROM_START,
            Cause.ALIKE_UNITS,
        ),
        values=("he_normal", "xavier_normal", "orthogonal", "lecun_normal", "torch_default"),
        fixed=1.5,
    ),
    Move(
        hyperparameter="initialization",
        reason="orthogonal convolutions keep the length of signals and gradients"
        " (Xiao et al. 2018)",
        aims=(Verdict.VANISHING, Verdict.EXPLODING),
        causes=(
            Cause.SHRINKING_THROUGH_DEPTH,
            Cause.GROWING_THROUGH_DEPTH,
        ),
        values=("delta_orthogonal",),
        fixed=1.5,
        networks=IMAGE_NETWORKS,
    ),
)
