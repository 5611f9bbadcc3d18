"""The tables of a study: their schema, their files, and how they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search_spaces.lazy_names import lazy_names

if TYPE_CHECKING:
    from study.errors import TableError, TableWriteError
    from study.tables.bundle import CohortTables
    from study.tables.frames import to_arrow, to_frame, trial_columns
    from study.tables.metadata import StudyMetadata
    from study.tables.parts import TableStore
    from study.tables.schema import LAYERS, STEPS, Column

_HOMES = {
    "CohortTables": "study.tables.bundle",
    "Column": "study.tables.schema",
    "LAYERS": "study.tables.schema",
    "STEPS": "study.tables.schema",
    "StudyMetadata": "study.tables.metadata",
    "TableError": "study.errors",
    "TableStore": "study.tables.parts",
    "TableWriteError": "study.errors",
    "to_arrow": "study.tables.frames",
    "to_frame": "study.tables.frames",
    "trial_columns": "study.tables.frames",
}

__all__ = [
    "CohortTables",
    "Column",
    "LAYERS",
    "STEPS",
    "StudyMetadata",
    "TableError",
    "TableStore",
    "TableWriteError",
    "to_arrow",
    "to_frame",
    "trial_columns",
]

__getattr__ = lazy_names(__name__, _HOMES)
