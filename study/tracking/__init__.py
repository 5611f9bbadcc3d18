"""Where people look at trials while a study runs: MLflow, or nowhere."""

from study.errors import TablesNotTracked, TrackingUnavailable
from study.tracking.artifacts.download import Downloaded, download_tables
from study.tracking.deferred_tracker import DeferredTracker
from study.tracking.locations import (
    artifact_folder,
    artifact_location,
    default_tracking_uri,
    is_server,
    ui_command,
)
from study.tracking.mlflow_tracker import MlflowTracker
from study.tracking.null_tracker import NullTracker
from study.tracking.present import present_runs
from study.tracking.study_key import StudyKey
from study.tracking.tracker import RunStatus, Tracker
from study.tracking.ui.server import UiServer, port_is_free

__all__ = [
    "DeferredTracker",
    "Downloaded",
    "MlflowTracker",
    "NullTracker",
    "RunStatus",
    "StudyKey",
    "TablesNotTracked",
    "Tracker",
    "TrackingUnavailable",
    "UiServer",
    "artifact_folder",
    "artifact_location",
    "default_tracking_uri",
    "download_tables",
    "is_server",
    "port_is_free",
    "present_runs",
    "ui_command",
]
