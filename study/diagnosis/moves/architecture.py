"""Changes of what the network is built of; each weighs more, because it is another network."""

from __future__ import annotations

from search_spaces.catalogue.built_in import RECURRENT_NETWORKS, TRANSFORMERS
from search_spaces.catalogue.hyperparameter import NONE
from study.diagnosis.moves.move import IMAGE_NETWORKS, Move
from study.verdicts import Verdict
from study.verdicts.causes import Cause

ARCHITECTURE: tuple[Move, ...] = (
    Move(
        hyperparameter="residual_scale",
        reason="smaller residual branches keep the sum from growing with depth",
        aims=(Verdict.EXPLODING, Verdict.OSCILLATING),
        causes=(Cause.GROWING_THROUGH_DEPTH,),
        factors=(1 / 3, 1 / 10, 1 / 30),
        falls=True,
        scale="decades",
        per_distance=2.0,
        needs={"connections": ("residual",)},
    ),
    Move(
        hyperparameter="activation",
        reason="another activation lets another share of the gradient through",
        aims=(Verdict.VANISHING,),
        causes=(
            Cause.SHRINKING_THROUGH_DEPTH,
            Cause.SHRINKING_THROUGH_TIME,
            Cause.DEAD_FROM_START,
            Cause.SATURATED_FROM_START,
            Cause.KILLED_BY_UPDATE,
            Cause.LINEAR_NETWORK,
        ),
        values=("relu", "tanh", "selu", "leaky_relu", "elu", "gelu", "silu", "softsign"),
        fixed=2.0,
    ),
    Move(
        hyperparameter="activation",
        reason="what is bounded at every time step does not add up",
        aims=(Verdict.EXPLODING, Verdict.OSCILLATING),
        causes=(Cause.GROWING_STATE, Cause.GROWING_THROUGH_TIME),
        values=("tanh", "hardtanh", "softsign"),
        fixed=1.5,
        networks=("rnn",),
    ),
    Move(
        hyperparameter="normalization",
        reason="normalized layers keep the scale of signals, and with it of gradients",
        aims=(Verdict.VANISHING, Verdict.EXPLODING, Verdict.STALLED, Verdict.SLOW),
        causes=(
            Cause.SHRINKING_THROUGH_DEPTH,
            Cause.GROWING_THROUGH_DEPTH,
            Cause.DEAD_FROM_START,
            Cause.SATURATED_FROM_START,
        ),
        values=("layer", "batch", "group"),
        fixed=2.0,
        networks=("mlp", *IMAGE_NETWORKS),
    ),
    Move(
        hyperparameter="normalization",
        reason="normalized layers keep the scale of signals, and with it of gradients",
        aims=(Verdict.VANISHING, Verdict.EXPLODING, Verdict.STALLED, Verdict.SLOW),
        causes=(
            Cause.SHRINKING_THROUGH_DEPTH,
            Cause.GROWING_THROUGH_DEPTH,
            Cause.DEAD_FROM_START,
            Cause.SATURATED_FROM_START,
            Cause.SHRINKING_THROUGH_TIME,
            Cause.GROWING_THROUGH_TIME,
            Cause.GROWING_STATE,
        ),
        values=("layer",),
        fixed=2.0,
        networks=(*RECURRENT_NETWORKS, *TRANSFORMERS),
    ),
    Move(
        hyperparameter="normalization",
        reason="each batch-normalized layer makes gradients grow at initialization"
        " (Yang et al. 2019)",
        aims=(Verdict.EXPLODING, Verdict.OSCILLATING),
        causes=(Cause.GROWING_THROUGH_DEPTH,),
        values=(NONE,),
        fixed=2.0,
    ),
    Move(
        hyperparameter="norm_position",
        reason="with normalization inside the branches the skip connections stay open"
        " (Xiong et al. 2020)",
        aims=(Verdict.VANISHING, Verdict.EXPLODING),
        causes=(
            Cause.SHRINKING_THROUGH_DEPTH,
            Cause.GROWING_THROUGH_DEPTH,
            Cause.COLD_START,
        ),
        values=("pre",),
        fixed=2.0,
    ),
    Move(
        hyperparameter="connections",
        reason="layers that add to what they see give gradients a way past every layer",
        aims=(Verdict.VANISHING, Verdict.STALLED, Verdict.SLOW),
        causes=(Cause.SHRINKING_THROUGH_DEPTH,),
        values=("residual",),
        fixed=2.0,
    ),
    Move(
        hyperparameter="depth",
        reason="signals and gradients pass fewer layers",
        aims=tuple(verdict for verdict in Verdict if verdict != Verdict.STABLE),
        causes=(Cause.SHRINKING_THROUGH_DEPTH, Cause.GROWING_THROUGH_DEPTH),
        factors=(1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64),
        falls=True,
        scale="decades",
        per_distance=10.0,
    ),
)
