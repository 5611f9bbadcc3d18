"""What the commands that talk to a cluster have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from search_spaces.errors import InputError

if TYPE_CHECKING:
    from study.jobs import Job, JobsApi


def cluster(address: str, *, insecure: bool) -> JobsApi:
    """The Jobs API at what was given as --address.

    Raises:
        InputError: If it must not be used, or does not take the token.
        ClusterUnavailable: If it does not answer.
    """
    from study.jobs import cluster_address, connect

    return connect(cluster_address(address), insecure=insecure)


def refuse_home(home: Path | None) -> None:
    """Refuses --home beside --address, where it would be ignored.

    Raises:
        InputError: If it was given.
    """
    if home is not None:
        raise InputError("is of this machine and has no meaning with --address", key="--home")


def latest_job(api: JobsApi, study: str) -> Job:
    """The last job that was submitted of a study.

    Raises:
        InputError: If the cluster knows none.
    """
    jobs = api.jobs()
    of_study = [job for job in jobs if job.study == study]
    if of_study:
        return of_study[-1]
    known = ", ".join(sorted({job.study for job in jobs})) or "none"
    raise InputError(f"no job of study {study!r} on {api.url}; studies with jobs: {known}")
