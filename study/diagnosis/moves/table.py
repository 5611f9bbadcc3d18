"""What may be changed to make a configuration stable, and how much each change weighs.

The one place that says so. A change weighs ``fixed + per_distance * distance``, where 1 is what
one tries without thinking: clipping, or a learning rate three times smaller. Names weigh by how
much of the model they change: standardized data a half, and so what the person lists as an
alternative; a distribution of initial weights 1.5, what every layer computes 2, the update rule 4.
Halving the depth weighs 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from study.diagnosis.moves.architecture import ARCHITECTURE
from study.diagnosis.moves.data import DATA
from study.diagnosis.moves.initialization import INITIALIZATION
from study.diagnosis.moves.move import Move
from study.diagnosis.moves.optimization import OPTIMIZATION
from study.diagnosis.moves.schedule import SCHEDULE
from study.verdicts.causes import Cause

Family = Literal["data", "steps", "weights", "network"]

FAMILIES: Mapping[Family, tuple[Move, ...]] = MappingProxyType(
    {
        "data": DATA,
        "steps": (*OPTIMIZATION, *SCHEDULE),
        "weights": INITIALIZATION,
        "network": ARCHITECTURE,
    }
)
"""What changes of different families do to a network adds up: they are tried together where no
single one works."""

MOVES: tuple[Move, ...] = tuple(move for moves in FAMILIES.values() for move in moves)
"""In the order in which changes that weigh the same are tried. Not among them: what a person gives
(task, width), and what would leave no deep network (no activation)."""

OWN_VALUE = 0.5
"""What another value of the study file's own list weighs, where only the person knows what it
does: hyperparameters and names of a network of their own, and hyperparameters of an own task."""

OWN_CAUSES = (
    Cause.LEVELLED_OFF,
    Cause.WEIGHT_DECAY,
    Cause.SMALL_STEPS,
    Cause.DATA,
    Cause.LOSS_FUNCTION,
    Cause.NETWORK_FUNCTION,
    Cause.UNBOUNDED_LOSS,
    Cause.OTHER_GOAL,
    Cause.FLAT_LOSS,
    Cause.BROADCAST,
    Cause.UNSEEN_INPUTS,
    Cause.MIXED_EXAMPLES,
    Cause.BOUNDED_OUTPUTS,
    Cause.STILL_PART,
    Cause.ALIKE_UNITS,
    Cause.OWN_NOISE,
    Cause.LINEAR_NETWORK,
    Cause.GROWING_STATE,
    Cause.GROWING_THROUGH_TIME,
    Cause.GROWING_THROUGH_DEPTH,
    Cause.SHRINKING_THROUGH_TIME,
    Cause.SHRINKING_THROUGH_DEPTH,
    Cause.DEAD_FROM_START,
    Cause.SATURATED_FROM_START,
)
"""Causes that lie in how a network is built, or what it is asked: what a person lists as an
alternative to it counts as the fix."""

UNAIMED_LIMIT = 2.0
"""Changes that weigh more are tried only if they are meant for the observed verdict or cause."""

_FAMILY_OF: Mapping[str, Family] = MappingProxyType(
    {move.hyperparameter: name for name, moves in FAMILIES.items() for move in moves}
)


def family_of(hyperparameter: str) -> Family:
    """Returns the family that changes of a hyperparameter belong to; one's own: the network's."""
    return _FAMILY_OF.get(hyperparameter, "network")
