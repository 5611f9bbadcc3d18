"""Studies as jobs on a Ray cluster, through the Jobs API of its head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search_spaces.lazy_names import lazy_names

if TYPE_CHECKING:
    from study.errors import ClusterUnavailable, JobUnknown
    from study.jobs.address import ClusterAddress, cluster_address
    from study.jobs.connection import connect
    from study.jobs.following import follow
    from study.jobs.job import Job
    from study.jobs.jobs_api import JobsApi
    from study.jobs.stopping import stop
    from study.jobs.submission import Submission, Submitted, submit

_HOMES = {
    "ClusterAddress": "study.jobs.address",
    "ClusterUnavailable": "study.errors",
    "Job": "study.jobs.job",
    "JobUnknown": "study.errors",
    "JobsApi": "study.jobs.jobs_api",
    "Submission": "study.jobs.submission",
    "Submitted": "study.jobs.submission",
    "cluster_address": "study.jobs.address",
    "connect": "study.jobs.connection",
    "follow": "study.jobs.following",
    "stop": "study.jobs.stopping",
    "submit": "study.jobs.submission",
}

__all__ = [
    "ClusterAddress",
    "ClusterUnavailable",
    "Job",
    "JobUnknown",
    "JobsApi",
    "Submission",
    "Submitted",
    "cluster_address",
    "connect",
    "follow",
    "stop",
    "submit",
]

__getattr__ = lazy_names(__name__, _HOMES)
