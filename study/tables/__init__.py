"""The tables of a study: their schema, their files, and how they are read."""

from study.errors import TableError, TableWriteError
from study.tables.bundle import CohortTables
from study.tables.frames import to_arrow, to_frame, trial_columns
from study.tables.metadata import StudyMetadata
from study.tables.parts import TableStore
from study.tables.schema import LAYERS, STEPS, Column

__all__ = [
    "LAYERS",
    "STEPS",
    "CohortTables",
    "Column",
    "StudyMetadata",
    "TableError",
    "TableStore",
    "TableWriteError",
    "to_arrow",
    "to_frame",
    "trial_columns",
]
