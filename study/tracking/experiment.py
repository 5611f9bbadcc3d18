"""A study's experiment in MLflow, and what its parent runs are known by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from study.tracking.artifacts.tables import STUDY_KEY_TAG, STUDY_TAG
from study.tracking.notes import NOTE_TAG, may_describe
from study.tracking.study_key import StudyKey

if TYPE_CHECKING:
    from mlflow import MlflowClient


def find_or_make(client: MlflowClient, name: str, artifact_location: str | None) -> str:
    """Returns the id of the experiment of a name; a deleted one is restored."""
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


def describe(client: MlflowClient, experiment_id: str, note: str) -> None:
    """Gives an experiment its description, unless a person wrote one."""
    known = client.get_experiment(experiment_id).tags.get(NOTE_TAG)
    if known != note and may_describe(known):
        client.set_experiment_tag(experiment_id, NOTE_TAG, note)


def own_tags(study: str, study_key: StudyKey | None) -> dict[str, str]:
    """Tags of a parent run, by which its study is known."""
    tags = {STUDY_TAG: study, "mlflow.source.name": "gradscape"}
    return tags if study_key is None else {**tags, STUDY_KEY_TAG: study_key.own}


def end_killed(client: MlflowClient, experiment_id: str, study_key: StudyKey | None) -> None:
    """Marks parent runs as killed that never ended, of the study that is held."""
    if study_key is None:
        return
    unended = client.search_runs(
        [experiment_id],
        filter_string=(
            f"attributes.status = 'RUNNING' and tags.`{STUDY_KEY_TAG}` = '{study_key.own}'"
        ),
    )
    for run in unended:
        client.set_terminated(run.info.run_id, "KILLED")
