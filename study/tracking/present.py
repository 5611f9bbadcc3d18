"""Which of a study's trials MLflow shows: somebody may have deleted runs, or the data base."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import sqlalchemy as sa

from study.databases import has_table, make_engine
from study.tracking.artifacts.tables import STUDY_KEY_TAG, own_parents
from study.tracking.errors import tracking_errors
from study.tracking.locations import is_server
from study.tracking.mlflow_import import import_mlflow

if TYPE_CHECKING:
    from mlflow import MlflowClient

TRIAL_TAG = "gradscape.trial"
PARENT_TAG = "mlflow.parentRunId"
FINISHED = "FINISHED"

_PAGE = 5000

_SHOWN = f"""
SELECT runs.run_uuid FROM runs
JOIN experiments ON experiments.experiment_id = runs.experiment_id
JOIN tags AS child ON child.run_uuid = runs.run_uuid AND child.key = '{PARENT_TAG}'
JOIN tags AS parent ON parent.run_uuid = child.value AND parent.key = '{STUDY_KEY_TAG}'
WHERE experiments.name = :study AND parent.value IN :keys
AND runs.lifecycle_stage = 'active' AND runs.status = '{FINISHED}'
"""

_OF_TRIALS = f"""
SELECT trial.value, runs.run_uuid, runs.status FROM runs
JOIN tags AS child ON child.run_uuid = runs.run_uuid AND child.key = '{PARENT_TAG}'
JOIN tags AS trial ON trial.run_uuid = runs.run_uuid AND trial.key = '{TRIAL_TAG}'
WHERE runs.experiment_id = :experiment AND runs.lifecycle_stage = 'active'
AND child.value IN :parents AND trial.value IN :trials
"""


def present_runs(tracking_uri: str, *, study: str, keys: Collection[str]) -> set[str]:
    """Ids of the finished runs of a study's trials, in the experiment of its name.

    Changes nothing. A data base is asked itself, which takes milliseconds where MLflow would read
    everything that it has of each run, and needs no import of MLflow.

    Args:
        tracking_uri: Address of the data base or of the MLflow server.
        study: Name of the study.
        keys: Keys of the study; runs of others are not its own.

    Raises:
        TrackingUnavailable: If MLflow does not answer, or its data base is broken.
    """
    with tracking_errors(tracking_uri, opening=True):
        if is_server(tracking_uri):
            return set(_of_server(tracking_uri, study, keys))
        if not has_table(tracking_uri, "runs"):
            return set()
        shown = sa.text(_SHOWN).bindparams(sa.bindparam("keys", expanding=True))
        with make_engine(tracking_uri).connect() as connection:
            rows = connection.execute(shown, {"study": study, "keys": list(keys)})
            return {str(run) for (run,) in rows}


def _of_server(tracking_uri: str, study: str, keys: Collection[str]) -> Iterator[str]:
    client = import_mlflow().MlflowClient(tracking_uri=tracking_uri)
    experiment = client.get_experiment_by_name(study)
    if experiment is None or experiment.lifecycle_stage != "active":
        return
    parents = own_parents(client, experiment.experiment_id, study, keys)
    for parent in parents:
        token = None
        while True:
            page = client.search_runs(
                [experiment.experiment_id],
                filter_string=(
                    f"attributes.status = '{FINISHED}' and tags.`{PARENT_TAG}` = '{parent}'"
                ),
                max_results=_PAGE,
                page_token=token,
            )
            yield from (run.info.run_id for run in page)
            token = page.token
            if not token:
                break


def runs_of_trials(
    client: MlflowClient,
    tracking_uri: str,
    experiment_id: str,
    parents: Collection[str],
    trials: Collection[int],
) -> Iterator[tuple[int, str, bool]]:
    """The runs that there are of these trials: number of the trial, id, whether it is finished.

    Args:
        client: Of the data base or server.
        tracking_uri: Its address.
        experiment_id: Experiment of the study.
        parents: Parent runs of the study; runs of others are another study's.
        trials: Numbers of trials.
    """
    if is_server(tracking_uri):
        for trial in trials:
            # One search a trial: MLflow has no IN for tags. Only a resumed study comes here.
            found = client.search_runs(
                [experiment_id], filter_string=f"tags.`{TRIAL_TAG}` = '{trial}'"
            )
            for run in found:
                if run.data.tags.get(PARENT_TAG) in parents:
                    yield trial, run.info.run_id, run.info.status == FINISHED
        return
    asked = sa.text(_OF_TRIALS).bindparams(
        sa.bindparam("parents", expanding=True), sa.bindparam("trials", expanding=True)
    )
    values = {
        "experiment": int(experiment_id),
        "parents": list(parents),
        "trials": [str(trial) for trial in trials],
    }
    with make_engine(tracking_uri).connect() as connection:
        for trial, run, status in connection.execute(asked, values).all():
            yield int(trial), str(run), status == FINISHED
