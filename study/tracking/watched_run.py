"""A watched training loop in MLflow: metrics while it runs, verdict and cause as tags."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from study.tracking.errors import tracking_errors
from study.tracking.mlflow_import import import_mlflow
from study.tracking.notes import NOTE_TAG, literal

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "watched"
"""Experiment of runs whose owner has none open."""


class WatchedRun:
    """Writes to the run that its owner has open, or to one of its own.

    Args:
        uri: Address of MLflow; None is what MLflow itself goes by.
        name: Of a run of its own.

    Attributes:
        run_id: The run.

    Raises:
        TrackingUnavailable: If MLflow does not answer.
    """

    def __init__(self, uri: str | None, name: str) -> None:
        mlflow = import_mlflow()
        self._uri = uri or str(mlflow.get_tracking_uri())
        with tracking_errors(self._uri):
            self._client: MlflowClient = mlflow.MlflowClient(tracking_uri=uri)
            active = mlflow.active_run()
            self._own = active is None
            self.run_id = str(active.info.run_id) if active is not None else self._made(name)

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Logs the metrics of a step.

        Raises:
            TrackingUnavailable: If MLflow does not answer.
        """
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        listed = [Metric(name, value, now, step) for name, value in metrics.items()]
        with tracking_errors(self._uri):
            self._client.log_batch(self.run_id, metrics=listed)

    def finish(self, tags: Mapping[str, str], explanation: str) -> None:
        """Sets the verdict's tags; ends the run if it is its own.

        Raises:
            TrackingUnavailable: If MLflow does not answer.
        """
        with tracking_errors(self._uri):
            for name, value in tags.items():
                self._client.set_tag(self.run_id, name, value)
            if self._own:
                self._client.set_tag(self.run_id, NOTE_TAG, literal(explanation))
                self._client.set_terminated(self.run_id, "FINISHED")

    def _made(self, name: str) -> str:
        known = self._client.get_experiment_by_name(EXPERIMENT)
        experiment = (
            self._client.create_experiment(EXPERIMENT) if known is None else known.experiment_id
        )
        return str(self._client.create_run(experiment, run_name=name).info.run_id)
