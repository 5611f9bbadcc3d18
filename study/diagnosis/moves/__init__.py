"""Changes that may make a configuration stable."""

from study.diagnosis.moves.move import Move
from study.diagnosis.moves.table import MOVES, OWN_VALUE, UNAIMED_LIMIT

__all__ = ["MOVES", "OWN_VALUE", "UNAIMED_LIMIT", "Move"]
