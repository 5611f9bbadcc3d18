"""Jobs in words."""

from __future__ import annotations

import time

from study.jobs.job import Job


def moment(seconds: float | None) -> str:
    """A time in the reader's own zone; "" for none."""
    if seconds is None:
        return ""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def since(job: Job) -> str:
    """Since when the job is there."""
    return f"since {moment(job.started_s)}" if job.started_s else "that has just been submitted"


def status_text(job: Job) -> str:
    """How a job stands, in a word or two."""
    if job.state == "SUCCEEDED":
        return "done"
    if job.state == "STOPPED":
        return "stopped"
    if job.state == "FAILED":
        if job.exit_code is not None:
            return f"failed (exit code {job.exit_code})"
        why = last_lines(job.message, 1)
        return f"failed before its driver began: {why[0][:300]}" if why else "failed"
    return "running" if job.state == "RUNNING" else "waiting to start"


def exit_code(job: Job) -> int:
    """What a command that waited for the job ends with: the driver's own where there is one."""
    if job.state == "SUCCEEDED":
        return 0
    if job.state == "STOPPED":
        return 130
    # A driver that a signal ended has a negative one.
    return job.exit_code if job.exit_code is not None and job.exit_code > 0 else 1


def last_lines(log: str, n: int = 3) -> list[str]:
    """The last `n` lines of a log that are not empty."""
    return [line.rstrip() for line in log.splitlines() if line.strip()][-n:]
