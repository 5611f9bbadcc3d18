"""The reference page of the tables, made from the schema."""

from __future__ import annotations

from collections.abc import Sequence

from study.tables.schema import (
    LAYERS,
    SCHEMA_VERSION,
    STEPS,
    TRIAL_FIGURES,
    TRIAL_IDENTITY,
    TRIAL_LABELS,
    Column,
)

_INTRODUCTION = f"""# The tables of a study

A study keeps three Parquet tables, schema version {SCHEMA_VERSION}. `analysis` knows nothing else
of a study. pandas (with pyarrow), Polars, DuckDB, R's arrow and Spark (since 3.5) open them; they
are LZ4, with the bytes of numbers split by significance (`BYTE_STREAM_SPLIT`):

    <home>/studies/<name>/tables/{{trials,steps,layers}}/part-*.parquet

Each part holds the rows of one cohort and never changes. A part counts once its `trials` file is
there, which is written last; rows of `steps` or `layers` without it belong to a write that never
finished. If a trial stands in two parts, the part whose name sorts first counts. `runs/` maps
trials to MLflow runs; of two the later part counts. In `damaged/` lie parts that could not be
read. In Python, `TableStore(folder).read_trials()` (`read_steps`, `read_layers`, and `stream` for
what does not fit into memory) does all this, and `analysis` reads by it alone.

- Missing values are null. NaN is stored as null too; `failure_step` and `nonfinite_count` tell
  where values stopped being finite. Infinities are stored as they are.
- Units: `1` is dimensionless, `task` the unit of the task's loss or metric, empty for names and
  numbers that only identify.
- The Parquet metadata has a JSON object under the key `gradscape`: `schema_version`, `study`,
  `task`, `network`, `metric` (its name), `hyperparameters` (by name, with `kind` fixed, choice or
  range) and the `thresholds` of the labels. In a DataFrame it is in `attrs`.
- Labels are a pure function of the other columns, of `layers` and of the thresholds (verdicts.md).
"""

_HYPERPARAMETERS = """Between identity and labels stands one column a hyperparameter, in the order
of the study file: numbers as int64 or float64, names as strings, switches as `true` or `false`.
`none` of a number (no clipping) is +inf; null where the hyperparameter does not apply to the trial
(momentum under Adam).
"""


def schema_markdown() -> str:
    """The whole of docs/tables.md."""
    sections = [
        _INTRODUCTION,
        "## trials: one row a trial\n",
        _HYPERPARAMETERS,
        "### Identity\n",
        _table(TRIAL_IDENTITY),
        "### Labels\n",
        _table(TRIAL_LABELS),
        "### Figures\n",
        _table(TRIAL_FIGURES),
        "## steps: one row a trial and recorded step\n",
        _table(STEPS),
        "## layers: one row a trial, recorded step and layer\n",
        _table(LAYERS),
    ]
    return "\n".join(sections)


def _table(columns: Sequence[Column]) -> str:
    rows = [
        f"| `{each.name}` | {each.type} | {each.unit} | {_escape(each.meaning)} |"
        for each in columns
    ]
    return "\n".join(["| column | type | unit | meaning |", "|---|---|---|---|", *rows, ""])


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")


if __name__ == "__main__":
    print(schema_markdown(), end="")
