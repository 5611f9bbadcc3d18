"""Recurrent layers: a contract for cells, and layers of them over time."""

from study.engine.networks.recurrence.cell import Cell, Kernel, State
from study.engine.networks.recurrence.network import (
    NORMALIZATIONS,
    RecurrentNetwork,
    is_normalized,
)

__all__ = ["NORMALIZATIONS", "Cell", "Kernel", "RecurrentNetwork", "State", "is_normalized"]
