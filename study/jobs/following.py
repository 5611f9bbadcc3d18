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
    on_away: Callable[[str], None] = lambda reason: None,
) -> Job:
    """Hands on what a job prints until it has ended.

    Args:
        api: Of the cluster.
        job_id: The job.
        say: Gets each piece of the log once, in order.
        on_away: Told once each time the cluster does not answer.

    Returns:
        The job as it ended.

    Raises:
        ClusterUnavailable: If the cluster stays away.
        JobUnknown: If it has forgotten the job.
    """
    said = 0
    for job, log in _looks(api, job_id, on_away):
        # The log was read after the state: of an ended job it is whole.
        if log[said:]:
            say(log[said:])
        said = max(said, len(log))
        if job.ended:
            return job
        time.sleep(min(LONGEST_S, max(SHORTEST_S, len(log) / BYTES_PER_S)))
    raise AssertionError("a job is looked at until it has ended")


def _looks(api: JobsApi, job_id: str, on_away: Callable[[str], None]) -> Iterator[tuple[Job, str]]:
    answered_at = time.monotonic()
    away = False
    while True:
        try:
            look = api.job(job_id), api.log(job_id)
        except ClusterUnavailable as error:
            if time.monotonic() - answered_at >= PATIENCE_S:
                raise
            if not away:
                on_away(str(error))
            away = True
            time.sleep(SHORTEST_S)
            continue
        away, answered_at = False, time.monotonic()
        yield look
