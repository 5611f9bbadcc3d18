"""A trial's run as rows of MLflow's own tables."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from study.tracking.artifacts.folders import artifact_uri
from study.tracking.present import FINISHED, PARENT_TAG
from study.tracking.trial_record import TrialRecord, run_name

LONGEST = 6000
"""Letters of a text, of which MLflow keeps no more."""

ACTIVE = "active"
"""Stage of a run that nobody has deleted."""

TABLES = ("runs", "tags", "params", "metrics", "latest_metrics")
"""Of MLflow, in the order of writing."""

Rows = dict[str, list[dict[str, Any]]]
"""By name of the table."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where runs are written.

    Attributes:
        experiment_id: The study's experiment, a whole number as text.
        root: Address of the folder of artifacts.
        parent: Run of the invocation.
    """

    experiment_id: str
    root: str
    parent: str


NOWHERE = Place(experiment_id="0", root="", parent="")
"""For rows of which only the names are wanted."""


def run_rows(record: TrialRecord, run: str, now_ms: int, place: Place) -> Rows:
    """The rows of one run.

    Args:
        record: What MLflow shows of the trial.
        run: Its id.
        now_ms: Time in milliseconds since 1970, for a trial of which it is not known.
        place: Where the run belongs.
    """
    name = run_name(record.trial)
    tags = {**record.tags, PARENT_TAG: place.parent, "mlflow.runName": name}
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
                "lifecycle_stage": ACTIVE,
                "artifact_uri": artifact_uri(place.root, run),
                "experiment_id": int(place.experiment_id),
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
