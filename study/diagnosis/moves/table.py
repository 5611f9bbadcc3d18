"""What may be changed to make a configuration stable, and how much each change weighs.

The one place that says so. A change weighs ``fixed + per_distance * distance``, where 1 is what
one tries without thinking: clipping, or a learning rate three times smaller. Names weigh by how
much of the model they change: a distribution of initial weights 1.5, what every layer computes 2,
the update rule 4. Halving the depth weighs 3.
"""

from __future__ import annotations

from study.diagnosis.moves.architecture import ARCHITECTURE
from study.diagnosis.moves.initialization import INITIALIZATION
from study.diagnosis.moves.move import Move
from study.diagnosis.moves.optimization import OPTIMIZATION

MOVES: tuple[Move, ...] = (*OPTIMIZATION, *INITIALIZATION, *ARCHITECTURE)
"""In the order in which changes that weigh the same are tried. Not among them: what a person gives
(task, batch size, width, number type), and what would leave no deep network (no activation)."""

OWN_VALUE = 2.0
"""What another value of the study file's own list weighs, where only the person knows what it
does: hyperparameters and names of a network of their own."""

UNAIMED_LIMIT = 2.0
"""Changes that weigh more are tried only if they are meant for the observed verdict."""
