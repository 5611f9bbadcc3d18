"""One job of a study on a cluster, as the Jobs API tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STUDY = "gradscape.study"
"""Metadata of a job: the study that it runs."""

CONTENT = "gradscape.content"
"""Metadata of a job: digest of all that was submitted."""

_ENDED = ("STOPPED", "SUCCEEDED", "FAILED")


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job.

    Attributes:
        id: Submission id, `STUDY-NUMBER`.
        study: The study it runs.
        content: Digest of the study file, code and options that were submitted.
        state: PENDING, RUNNING, STOPPED, SUCCEEDED or FAILED.
        message: What Ray says about the state.
        started_s: Unix time; None before it starts.
        ended_s: Unix time; None before it ends.
        exit_code: Exit code of the driver; None before it ends, and where it was stopped.
        pid: Process of the driver on its node, once it has connected to Ray.
    """

    id: str
    study: str
    content: str
    state: str
    message: str
    started_s: float | None
    ended_s: float | None
    exit_code: int | None
    pid: int | None

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return self.state in _ENDED


def read_job(record: Mapping[str, Any]) -> Job | None:
    """A job from the JSON of the Jobs API; None for one that gradscape did not submit."""
    metadata = record.get("metadata") or {}
    if record.get("type") != "SUBMISSION" or STUDY not in metadata:
        return None
    driver = record.get("driver_info") or {}
    pid = str(driver.get("pid") or "")
    return Job(
        id=record["submission_id"],
        study=metadata[STUDY],
        content=metadata.get(CONTENT, ""),
        state=record["status"],
        message=record.get("message") or "",
        started_s=_seconds(record.get("start_time")),
        ended_s=_seconds(record.get("end_time")),
        exit_code=record.get("driver_exit_code"),
        pid=int(pid) if pid.isdigit() else None,
    )


def _seconds(milliseconds: int | None) -> float | None:
    return None if not milliseconds else milliseconds / 1000
