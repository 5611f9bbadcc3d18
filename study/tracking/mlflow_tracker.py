"""A study in MLflow: one parent run an invocation, one child run a trial."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from study.tables import CohortTables
from study.tracking.artifacts.folders import claim_artifacts, root_uri
from study.tracking.artifacts.tables import own_parents, upload_parts
from study.tracking.artifacts.upload import without_large
from study.tracking.connections import at_once
from study.tracking.database.behind_server import behind_server
from study.tracking.database.bulk import BulkWriter
from study.tracking.database.rows import Place
from study.tracking.database.sqlite import SqliteFile
from study.tracking.errors import tracking_errors
from study.tracking.experiment import describe, end_killed, find_or_make, own_tags
from study.tracking.mlflow_import import import_mlflow
from study.tracking.notes import NOTE_TAG, counts_note, experiment_note
from study.tracking.present import FINISHED, PARENT_TAG, present_runs, runs_of_trials
from study.tracking.study_key import StudyKey
from study.tracking.tracker import RunStatus
from study.tracking.trial_record import TrialRecord, run_name, trial_records

if TYPE_CHECKING:
    from mlflow import MlflowClient

CONNECTIONS = 8
"""To a server, for the runs of a cohort: it has four processes unless told otherwise."""

_logger = logging.getLogger("gradscape.tracking")


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
        bulk: BulkWriter | None,
        database: str | None,
        place: Place,
        study: str,
        study_key: StudyKey | None,
        check: Callable[[], None],
    ) -> None:
        self._client = client
        self._uri = uri
        self._file = file
        self._bulk = bulk
        self._place = place
        # Where runs are written and looked for: a data base is asked faster than its server.
        self._runs_uri = uri if bulk is None or database is None else database
        self._study = study
        self._study_key = study_key
        self._check = check
        self.experiment_id = place.experiment_id
        self.parent_run_id = place.parent

    @classmethod
    def open(
        cls,
        *,
        tracking_uri: str,
        study: str,
        study_file: str,
        artifacts: Path | None = None,
        own_file: bool = False,
        database: str | None = None,
        tags: Mapping[str, str] | None = None,
        study_key: StudyKey | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> MlflowTracker:
        """Open or make the study's experiment and start this invocation's parent run.

        Args:
            tracking_uri: Address of a data base or of an MLflow server, password included.
            study: Name of the study and of its experiment.
            study_file: Text of the study file, kept as the artifact ``study.yaml``.
            artifacts: Folder of the artifacts; None leaves it to the server.
            own_file: Whether the data base is the home's own file: one that is broken is set
                aside, and another made.
            database: Address of the data base behind a server, into which runs of trials are
                written directly.
            tags: Further tags of the parent run.
            study_key: Names where the study is kept. One invocation at a time works there: runs
                of others there that never ended are marked killed.
            check: Raises if the study is somebody else's; called before a trial's run is made,
                and before it is finished, which makes it count.

        Raises:
            TrackingUnavailable: If the server does not answer.
        """
        mlflow = import_mlflow()
        name = f"{study} {time.strftime('%Y-%m-%d %H:%M:%S')}"
        with tracking_errors(tracking_uri, opening=True):
            file = SqliteFile.of(tracking_uri, set_aside=own_file, on_notice=_logger.warning)
            client = mlflow.MlflowClient(tracking_uri=tracking_uri)
            root = None if artifacts is None else root_uri(artifacts)
            experiment_id = find_or_make(client, study, root)
            end_killed(client, experiment_id, study_key)
            all_tags = {**own_tags(study, study_key), **(tags or {})}
            parent = client.create_run(experiment_id, run_name=name, tags=all_tags).info.run_id
            if artifacts is not None:
                claim_artifacts(tracking_uri, artifacts, run_id=parent, own=own_file)
            bulk = _writer(tracking_uri, artifacts, database, parent, study_key)
            client.log_text(parent, study_file, "study.yaml")
            describe(client, experiment_id, experiment_note(study, tags or {}))
            place = _place(client, experiment_id, root, parent)
        return cls(
            client=client,
            uri=tracking_uri,
            file=file,
            bulk=bulk,
            database=database,
            place=place,
            study=study,
            study_key=study_key,
            check=check,
        )

    def log_trials(
        self, tables: CohortTables, *, maybe_logged: bool = False
    ) -> dict[int, str | None]:
        with tracking_errors(self._uri), tracking_errors(self._runs_uri):
            runs: dict[int, str | None] = {}
            if maybe_logged:
                runs.update(self._earlier_runs(tables.trial_numbers))
            runs.update(self._log(tables, set(tables.trial_numbers) - runs.keys()))
            if self._file is not None:
                self._file.sync()
            return runs

    def withdraw(self, trials: Collection[int]) -> None:
        if self._bulk is not None:  # Without it nobody makes runs but of trials that have rows.
            with tracking_errors(self._uri), tracking_errors(self._runs_uri):
                for run in self._bulk.runs_of(sorted(trials), self._place):
                    self._check()
                    self._client.delete_run(run)

    def shown(self) -> set[str] | None:
        if self._study_key is None:
            return None
        return present_runs(self._runs_uri, study=self._study, keys=self._study_key.all)

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
                study_key=None if self._study_key is None else self._study_key.own,
                run_id=self.parent_run_id,
                folder=folder,
            )

    def close(self, status: RunStatus) -> None:
        with tracking_errors(self._uri):
            self._client.set_terminated(self.parent_run_id, status)
            if self._file is not None:
                self._file.close()

    def _log(self, tables: CohortTables, trials: set[int]) -> dict[int, str | None]:
        def records(wanted: set[int]) -> list[TrialRecord]:
            return [each for each in trial_records(tables) if each.trial in wanted]

        if self._bulk is not None:
            return self._bulk.write(sorted(trials), self._place, records, check=self._check)
        # A server answers each request by itself, the more at once the more processes it has.
        missing = records(trials)
        runs = at_once(self._log_one, missing, CONNECTIONS)
        return {record.trial: run for record, run in zip(missing, runs, strict=True)}

    def _log_one(self, record: TrialRecord) -> str:
        from mlflow.entities import Metric, Param

        now_ms = int(time.time() * 1000)
        self._check()
        run = self._client.create_run(
            self.experiment_id,
            start_time=record.start_ms(now_ms),
            run_name=run_name(record.trial),
            tags={**record.tags, PARENT_TAG: self.parent_run_id},
        )
        run_id: str = run.info.run_id
        self._client.log_batch(
            run_id,
            metrics=[Metric(*metric) for metric in record.timed_metrics(now_ms)],
            params=[Param(key, value) for key, value in record.params.items()],
        )
        self._check()
        self._client.set_terminated(run_id, FINISHED, record.end_ms(now_ms))
        return run_id

    def _earlier_runs(self, trials: tuple[int, ...]) -> Iterator[tuple[int, str]]:
        """Finished runs of these trials that this study made; half-written ones are deleted."""
        own = None if self._study_key is None else self._study_key.own
        parents = own_parents(self._client, self.experiment_id, self._study, {own})
        found = runs_of_trials(self._client, self._runs_uri, self.experiment_id, parents, trials)
        for trial, run_id, finished in found:
            if finished:
                yield trial, run_id
            else:
                self._client.delete_run(run_id)


def _writer(
    uri: str, artifacts: Path | None, database: str | None, parent: str, study: StudyKey | None
) -> BulkWriter | None:
    """What writes runs past MLflow; None where they go through a server."""
    key = parent if study is None else study.own
    if artifacts is not None:
        return BulkWriter.of(uri, key=key)
    return None if database is None else behind_server(database, uri, parent, key)


def _place(client: MlflowClient, experiment_id: str, root: str | None, parent: str) -> Place:
    """Where runs are written; of a server the experiment knows where artifacts go."""
    if root is None:
        root = str(client.get_experiment(experiment_id).artifact_location)
    return Place(experiment_id=experiment_id, root=root, parent=parent)
