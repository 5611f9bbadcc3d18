"""Changes that may make a configuration stable."""

from study.diagnosis.moves.move import Move
from study.diagnosis.moves.table import (
    MOVES,
    OWN_CAUSES,
    OWN_VALUE,
    UNAIMED_LIMIT,
    Family,
    family_of,
)
from study.diagnosis.moves.values import move_values, present_value

__all__ = [
    "MOVES",
    "OWN_CAUSES",
    "OWN_VALUE",
    "UNAIMED_LIMIT",
    "Family",
    "Move",
    "family_of",
    "move_values",
    "present_value",
]
