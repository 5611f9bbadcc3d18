"""Stopping a study's job: once to let its cohorts finish, at once if that is asked."""

from __future__ import annotations

import time

from search_spaces.errors import InputError
from study.jobs.job import Job
from study.jobs.jobs_api import JobsApi

HELPER_S = 60.0
"""How long the second signal may take to get there."""


def stop(api: JobsApi, job: Job, *, now: bool) -> None:
    """Ask the driver to finish what is training and end; `now` to end without that.

    Ray sends SIGTERM, which the driver takes as it takes Ctrl-C, and kills it if it is still
    there after `submission.STOP_WAIT_S`. It sends no second signal: with `now` a second job on
    the head does.

    Raises:
        ClusterUnavailable: If the cluster does not answer.
        InputError: If the driver cannot be stopped at once.
    """
    api.stop(job.id)
    if not now:
        return
    if job.pid is None:
        raise InputError(
            f"job {job.id} has no driver yet to stop at once; it has been asked to stop"
        )
    # Only a process that belongs to the job: its number may have been given to another.
    ours = f'grep -qaF \'"job_submission_id": "{job.id}"\' /proc/{job.pid}/environ'
    api.submit(
        job_id=f"stop-{job.id}-{time.time_ns()}",
        entrypoint=f"{ours} && kill -TERM {job.pid}",
        package=None,
        environment={},
        metadata={},
    )
    deadline = time.monotonic() + HELPER_S
    while not api.job(job.id).ended and time.monotonic() < deadline:
        time.sleep(0.5)
