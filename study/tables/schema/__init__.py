"""The three tables of a study: names, types, units and meanings of their columns.

The contract between a study and its analysis. Hyperparameters are further columns of `trials`, one
each, in the order of the study file: numbers as int64 or float64, names as strings, `none` of a
number (no clipping) as +inf; null where the hyperparameter does not apply (momentum under Adam).
"""

from study.tables.schema.columns import ARROW_TYPES, Column, ColumnType
from study.tables.schema.labels import ALARMS, CAUSES, FLAGS, VERDICTS
from study.tables.schema.series import LAYERS, STEPS
from study.tables.schema.trials import TRIAL_FIGURES, TRIAL_IDENTITY, TRIAL_LABELS

SCHEMA_VERSION = 1
"""Raised when a column changes its meaning or goes; kept in each file's Parquet metadata."""

METADATA_KEY = b"gradscape"
"""Parquet metadata key of a JSON object; `StudyMetadata` gives its fields."""

__all__ = [
    "ALARMS",
    "ARROW_TYPES",
    "CAUSES",
    "FLAGS",
    "LAYERS",
    "METADATA_KEY",
    "SCHEMA_VERSION",
    "STEPS",
    "TRIAL_FIGURES",
    "TRIAL_IDENTITY",
    "TRIAL_LABELS",
    "VERDICTS",
    "Column",
    "ColumnType",
]
