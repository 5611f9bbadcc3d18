"""A study in MLflow: one parent run an invocation, one child run a trial."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from study.tables import CohortTables
from study.tracking.artifact_tables import STUDY_KEY_TAG, STUDY_TAG, upload_parts
from study.tracking.errors import tracking_errors
from study.tracking.mlflow_import import import_mlflow
from study.tracking.notes import NOTE_TAG, counts_note, experiment_note, may_describe
from study.tracking.sqlite_file import SqliteFile
from study.tracking.tracker import RunStatus
from study.tracking.trial_record import TrialRecord, trial_records
from study.tracking.upload_folder import without_large

if TYPE_CHECKING:
    from mlflow import MlflowClient

TRIAL_TAG = "gradscape.trial"
PARENT_TAG = "mlflow.parentRunId"


class MlflowTracker:
    """Implements `Tracker`; made by `open`.

    Attributes:
        parent_run_id: Run of this invocation.
        experiment_id: Experiment of the study.
    """

    def __init__(
        self,
        *,
        client: MlflowClient,
        uri: str,
        file: SqliteFile | None,
        experiment_id: str,
        parent_run_id: str,
        study: str,
        study_key: str | None,
        check: Callable[[], None],
    ) -> None:
        self._client = client
        self._uri = uri
        self._file = file
        self._study = study
        self._study_key = study_key
        self._check = check
        self.experiment_id = experiment_id
        self.parent_run_id = parent_run_id

    @classmethod
    def open(
        cls,
        *,
        tracking_uri: str,
        study: str,
        study_file: str,
        artifact_location: str | None = None,
        tags: Mapping[str, str] | None = None,
        study_key: str | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> MlflowTracker:
        """Open or make the study's experiment and start this invocation's parent run.

        Args:
            tracking_uri: Address of a data base or of an MLflow server, password included.
            study: Name of the study and of its experiment.
            study_file: Text of the study file, kept as the artifact ``study.yaml``.
            artifact_location: Where a new experiment keeps its artifacts; None leaves it to the
                server.
            tags: Further tags of the parent run.
            study_key: Names where the study is kept, in letters and digits. One invocation at a
                time works there: runs of others there that never ended are marked killed.
            check: Raises if the study is somebody else's; called before a trial's run is made,
                and before it is finished, which makes it count.

        Raises:
            TrackingUnavailable: If the server does not answer.
        """
        mlflow = import_mlflow()
        with tracking_errors(tracking_uri):
            file = SqliteFile.of(tracking_uri)
            client = mlflow.MlflowClient(tracking_uri=tracking_uri)
            experiment_id = _experiment(client, study, artifact_location)
            if study_key is not None:
                _end_killed(client, experiment_id, study_key)
            name = f"{study} {time.strftime('%Y-%m-%d %H:%M:%S')}"
            run = client.create_run(
                experiment_id, run_name=name, tags={**_own_tags(study, study_key), **(tags or {})}
            )
            client.log_text(run.info.run_id, study_file, "study.yaml")
            _describe(client, experiment_id, experiment_note(study, tags or {}))
        return cls(
            client=client,
            uri=tracking_uri,
            file=file,
            experiment_id=experiment_id,
            parent_run_id=run.info.run_id,
            study=study,
            study_key=study_key,
            check=check,
        )

    def log_trials(
        self, tables: CohortTables, *, maybe_logged: bool = False
    ) -> dict[int, str | None]:
        with tracking_errors(self._uri):
            runs: dict[int, str | None] = {}
            if maybe_logged:
                runs.update(self._earlier_runs(tables.trial_numbers))
            for record in trial_records(tables):
                if record.trial not in runs:
                    runs[record.trial] = self._log(record)
            if self._file is not None:
                self._file.sync()
            return runs

    def update_counts(self, counts: Mapping[str, int]) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        step = sum(counts.values())
        metrics = [
            Metric(f"trials/{name}", float(count), now, step) for name, count in counts.items()
        ]
        with tracking_errors(self._uri):
            self._client.log_batch(self.parent_run_id, metrics=metrics)
            self._client.set_tag(self.parent_run_id, NOTE_TAG, counts_note(self._study, counts))

    def log_report(self, folder: Path) -> None:
        with tracking_errors(self._uri), without_large(folder) as report:
            self._client.log_artifacts(self.parent_run_id, str(report), "report")

    def log_tables(self, folder: Path) -> None:
        with tracking_errors(self._uri):
            upload_parts(
                self._client,
                experiment_id=self.experiment_id,
                study=self._study,
                study_key=self._study_key,
                run_id=self.parent_run_id,
                folder=folder,
            )

    def close(self, status: RunStatus) -> None:
        with tracking_errors(self._uri):
            self._client.set_terminated(self.parent_run_id, status)
            if self._file is not None:
                self._file.close()

    def _log(self, record: TrialRecord) -> str:
        from mlflow.entities import Metric, Param

        end_ms = int(time.time() * 1000)
        train_ms = int(record.train_seconds * 1000)
        last = max((step for _, _, step in record.metrics), default=0) or 1
        self._check()
        run = self._client.create_run(
            self.experiment_id,
            start_time=end_ms - train_ms,
            run_name=_run_name(record.trial),
            tags={**record.tags, PARENT_TAG: self.parent_run_id},
        )
        run_id: str = run.info.run_id
        self._client.log_batch(
            run_id,
            metrics=[
                Metric(key, value, end_ms - train_ms + train_ms * step // last, step)
                for key, value, step in record.metrics
            ],
            params=[Param(key, value) for key, value in record.params.items()],
        )
        self._check()
        self._client.set_terminated(run_id, "FINISHED", end_ms)
        return run_id

    def _earlier_runs(self, trials: tuple[int, ...]) -> Iterator[tuple[int, str]]:
        """Finished runs of these trials under any parent; half-written ones are deleted."""
        for trial in trials:
            # One search a trial: MLflow has no IN for tags. Only a resumed study comes here.
            found = self._client.search_runs(
                [self.experiment_id], filter_string=f"tags.`{TRIAL_TAG}` = '{trial}'"
            )
            for run in found:
                if run.info.status == "FINISHED":
                    yield trial, run.info.run_id
                else:
                    self._client.delete_run(run.info.run_id)


def _run_name(trial: int) -> str:
    return f"trial-{trial:06d}"


def _experiment(client: MlflowClient, name: str, artifact_location: str | None) -> str:
    from mlflow.exceptions import MlflowException

    known = client.get_experiment_by_name(name)
    if known is None:
        try:
            return str(client.create_experiment(name, artifact_location=artifact_location))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        # Another study of the same name made it in between.
        known = client.get_experiment_by_name(name)
    if known.lifecycle_stage == "deleted":
        client.restore_experiment(known.experiment_id)
    return str(known.experiment_id)


def _describe(client: MlflowClient, experiment_id: str, note: str) -> None:
    """Gives an experiment its description, unless a person wrote one."""
    known = client.get_experiment(experiment_id).tags.get(NOTE_TAG)
    if known != note and may_describe(known):
        client.set_experiment_tag(experiment_id, NOTE_TAG, note)


def _own_tags(study: str, study_key: str | None) -> dict[str, str]:
    tags = {STUDY_TAG: study, "mlflow.source.name": "gradscape"}
    return tags if study_key is None else {**tags, STUDY_KEY_TAG: study_key}


def _end_killed(client: MlflowClient, experiment_id: str, study_key: str) -> None:
    unended = client.search_runs(
        [experiment_id],
        filter_string=f"attributes.status = 'RUNNING' and tags.`{STUDY_KEY_TAG}` = '{study_key}'",
    )
    for run in unended:
        client.set_terminated(run.info.run_id, "KILLED")
