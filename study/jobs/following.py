"""Watching a job from afar: its log as it grows, through outages, until it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from study.errors import ClusterUnavailable
from study.jobs.job import Job
from study.jobs.jobs_api import JobsApi

SHORTEST_S, LONGEST_S = 1.0, 30.0

BYTES_PER_S = 50_000
"""The log is read whole each time, which the Jobs API does not spare: a long one less often."""

PATIENCE_S = 300.0
"""How long a cluster may be unavailable until it is no longer followed; its job goes on."""


def follow(
    api: JobsApi,
    job_id: str,
    *,
    say: Callable[[str], None],
    on_outage: Callable[[str], None] = lambda reason: None,
) -> Job:
    """Hands on what a job prints until it has ended.

    Args:
        api: Client of the cluster's Jobs API.
        job_id: Submission id of the job.
        say: Gets each piece of the log once, in order.
        on_outage: Called with the reason once each time the cluster stops answering.

    Returns:
        The job as it ended.

    Raises:
        ClusterUnavailable: If the cluster stays unavailable for `PATIENCE_S`.
        JobUnknown: If it has forgotten the job.
    """
    handed_on = 0
    for job, log in _looks(api, job_id, on_outage):
        # The log was read after the state: of an ended job it is whole.
        if log[handed_on:]:
            say(log[handed_on:])
        handed_on = max(handed_on, len(log))
        if job.ended:
            return job
        time.sleep(min(LONGEST_S, max(SHORTEST_S, len(log) / BYTES_PER_S)))
    raise AssertionError("a job is looked at until it has ended")


def _looks(
    api: JobsApi, job_id: str, on_outage: Callable[[str], None]
) -> Iterator[tuple[Job, str]]:
    answered_at = time.monotonic()
    unavailable = False
    while True:
        try:
            look = api.job(job_id), api.log(job_id)
        except ClusterUnavailable as error:
            if time.monotonic() - answered_at >= PATIENCE_S:
                raise
            if not unavailable:
                on_outage(str(error))
            unavailable = True
            time.sleep(SHORTEST_S)
            continue
        unavailable, answered_at = False, time.monotonic()
        yield look
