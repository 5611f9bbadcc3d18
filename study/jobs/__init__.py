"""Studies as jobs on a Ray cluster, through the Jobs API of its head."""

from study.errors import ClusterUnavailable, JobUnknown
from study.jobs.address import ClusterAddress, cluster_address
from study.jobs.connection import connect
from study.jobs.following import follow
from study.jobs.job import Job
from study.jobs.jobs_api import JobsApi
from study.jobs.passed_environment import passed_environment
from study.jobs.stopping import stop
from study.jobs.submission import Submission, Submitted, submit

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
    "passed_environment",
    "stop",
    "submit",
]
