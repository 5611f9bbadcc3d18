"""A cohort's runs written to MLflow's data base at once.

MLflow writes a run by some eight transactions, and reads it back in each: 15 ms of a core. Where
its data base is at hand the rows of a whole cohort go into MLflow's own tables in one transaction,
which costs a tenth, and none of them is ever half-written. What a reader sees is the same
(`tests/study/tracking/database/test_bulk.py` compares both ways).
"""

from __future__ import annotations

import math
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from study.databases import make_engine
from study.tracking.artifacts.folders import artifact_uri, root_uri
from study.tracking.present import FINISHED, PARENT_TAG
from study.tracking.trial_record import TrialRecord, run_name

LONGEST = 6000
"""Letters of a text, of which MLflow keeps no more."""

Rows = dict[str, list[dict[str, Any]]]
"""By name of the table, in the order of writing."""


class BulkWriter:
    """Writes runs of one experiment; made by `of`.

    Args:
        uri: Address of the data base.
        tables: MLflow's tables by name.
        experiment_id: The study's experiment, a whole number as text.
        root: Address of the folder of artifacts.
    """

    def __init__(
        self, uri: str, tables: Mapping[str, sa.Table], *, experiment_id: str, root: str
    ) -> None:
        self._engine = make_engine(uri)
        self._tables = tables
        self._experiment_id = int(experiment_id)
        self._root = root

    @classmethod
    def of(cls, uri: str, artifacts: Path, *, experiment_id: str) -> BulkWriter | None:
        """A writer; None if this MLflow keeps runs in tables that are not known here."""
        from mlflow.store.tracking.dbmodels import models

        kinds = (models.SqlRun, models.SqlTag, models.SqlParam)
        tables = {
            kind.__tablename__: kind.__table__
            for kind in (*kinds, models.SqlMetric, models.SqlLatestMetric)
        }
        example = _rows(TrialRecord.example(), "run", "parent", 0, "", 0)
        for name, table in tables.items():
            written = example[name][0].keys()
            needed = {
                column.name
                for column in table.columns
                if not (column.nullable or column.default or column.server_default)
            }
            if not needed <= written <= {column.name for column in table.columns}:
                return None
        return cls(uri, tables, experiment_id=experiment_id, root=root_uri(artifacts))

    def write(
        self, records: Sequence[TrialRecord], *, parent: str, check: Callable[[], None]
    ) -> dict[int, str | None]:
        """Writes the runs of trials, all of them or none.

        Args:
            records: Of the trials.
            parent: Run of the invocation.
            check: Called right before the commit; raises if the study is somebody else's.

        Returns:
            The id of each trial's run.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: If the data base does not take them.
        """
        now = int(time.time() * 1000)
        runs: dict[int, str | None] = {}
        rows: Rows = {name: [] for name in self._tables}
        for record in records:
            run = uuid.uuid4().hex
            runs[record.trial] = run
            for name, more in _rows(
                record, run, parent, self._experiment_id, artifact_uri(self._root, run), now
            ).items():
                rows[name] += more
        with self._engine.begin() as connection:
            for name, wanted in rows.items():
                if wanted:
                    connection.execute(sa.insert(self._tables[name]), wanted)
            check()
        return runs


def _rows(
    record: TrialRecord, run: str, parent: str, experiment_id: int, artifacts: str, now_ms: int
) -> Rows:
    name = run_name(record.trial)
    tags = {**record.tags, PARENT_TAG: parent, "mlflow.runName": name}
    metrics = [
        {"run_uuid": run, "key": key, "timestamp": at, "step": step, **_value(value)}
        for key, value, at, step in record.timed_metrics(now_ms)
    ]
    latest = {metric["key"]: metric for metric in sorted(metrics, key=lambda row: row["step"])}
    return {
        "runs": [
            {
                "run_uuid": run,
                "name": name,
                "source_type": "UNKNOWN",
                "source_name": "",
                "entry_point_name": "",
                "user_id": "unknown",
                "status": FINISHED,
                "start_time": record.start_ms(now_ms),
                "end_time": record.end_ms(now_ms),
                "source_version": "",
                "lifecycle_stage": "active",
                "artifact_uri": artifacts,
                "experiment_id": experiment_id,
            }
        ],
        "tags": _texts(run, tags),
        "params": _texts(run, record.params),
        "metrics": metrics,
        "latest_metrics": list(latest.values()),
    }


def _texts(run: str, values: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"run_uuid": run, "key": key, "value": value[:LONGEST]} for key, value in values.items()
    ]


def _value(value: float) -> dict[str, float | bool]:
    """As MLflow keeps it: its data bases know no infinity."""
    if math.isnan(value):
        return {"value": 0.0, "is_nan": True}
    largest = sys.float_info.max
    return {"value": min(max(value, -largest), largest), "is_nan": False}
