"""A study handed to a cluster as a Ray job."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from search_spaces.errors import InputError
from study.errors import ClusterUnavailable
from study.jobs.job import CONTENT, STUDY, Job
from study.jobs.jobs_api import JobsApi
from study.jobs.package import files_to_submit, path_in_job, write_package
from study.jobs.texts import since
from study.study_file import StudyElsewhere, check_for_elsewhere

STOP_WAIT_VARIABLE = "RAY_JOB_STOP_WAIT_TIME_S"
STOP_WAIT_S = 600
"""What a stopped driver gets to let its cohorts finish before Ray kills it; Ray gives three
seconds by itself."""

HOME = '"${GRADSCAPE_HOME:-$HOME/gradscape}"'
"""Home folder on the cluster. Not ./gradscape: Ray removes a job's working folder."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What a person wants to be run on a cluster.

    Attributes:
        study_file: The study file, here.
        working_dir: Folder of the person's own code, here.
        home: Home folder on the cluster; None for GRADSCAPE_HOME of its nodes, or ~/gradscape.
        trials: As `gradscape run --trials`.
        environment: Variables of the job.
        python: Interpreter on the cluster.
    """

    study_file: Path
    working_dir: Path | None = None
    home: str | None = None
    trials: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    python: str = "python"

    @property
    def entrypoint(self) -> str:
        """The shell command of the job: `gradscape run` on the cluster that it is on."""
        python = shlex.quote(self.python)
        path = str(path_in_job(self.study_file, self.working_dir))
        home = HOME if self.home is None else shlex.quote(self.home)
        command = [f"exec {python} -m study run {shlex.quote(path)} --home {home}"]
        if self.trials is not None:
            command.append(f"--trials {self.trials}")
        missing = shlex.quote(
            f"gradscape: {self.python} on the head has no gradscape (--python names another)"
        )
        there = f"{python} -c 'import study.commands' 2>/dev/null"
        return f"{there} || {{ echo {missing}; exit 2; }}; {' '.join(command)}"


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """What became of it.

    Attributes:
        job: The job that runs the study.
        since: When it was started, as text, if it is one that was running already; else None.
    """

    job: Job
    since: str | None


def submit(api: JobsApi, wanted: Submission) -> Submitted:
    """Starts a job that runs the study, or finds the one that does.

    Resubmitting a study resumes it: the new job works on what the storage and the home folder on
    the cluster hold. The id of a job is the study's name and a number, so that of two who submit
    at once the second is refused.

    Raises:
        InputError: If the study file is wrong, the code cannot be uploaded, or a job of this
            study with another content is running.
        ClusterUnavailable: If the cluster does not answer or does not take it.
    """
    study = check_for_elsewhere(wanted.study_file)
    _check_own_code(study, wanted)
    files = files_to_submit(wanted.study_file, wanted.working_dir)
    jobs = [job for job in api.jobs() if job.study == study.study]
    with tempfile.TemporaryDirectory(prefix="gradscape-submit-") as folder:
        archive = Path(folder) / "package.zip"
        package = write_package(files, archive)
        content = f"{package} {wanted.entrypoint}"
        running = [job for job in jobs if not job.ended]
        if running:
            return _already_running(running[-1], content)
        api.upload(package, archive)
    job_id = next_id(study.study, [job.id for job in jobs])
    _start(api, job_id, study.study, package, content, wanted)
    return Submitted(job=api.job(job_id), since=None)


def next_id(study: str, ids: Sequence[str]) -> str:
    """The submission id of a study's next job: its name and a number."""
    numbers = [job_id.removeprefix(f"{study}-") for job_id in ids]
    return f"{study}-{max((int(n) for n in numbers if n.isdigit()), default=0) + 1}"


def _start(
    api: JobsApi, job_id: str, study: str, package: str, content: str, wanted: Submission
) -> None:
    try:
        api.submit(
            job_id=job_id,
            entrypoint=wanted.entrypoint,
            package=package,
            environment={STOP_WAIT_VARIABLE: str(STOP_WAIT_S), **wanted.environment},
            metadata={STUDY: study, CONTENT: content},
        )
    except ClusterUnavailable as error:
        if f"{job_id} already exists" not in str(error):
            raise
        raise InputError(
            f"job {job_id} was submitted by somebody else a moment ago; "
            f"gradscape logs {study} --address {api.url} shows it"
        ) from None


def _already_running(job: Job, content: str) -> Submitted:
    if job.content != content:
        raise InputError(
            f"study {job.study} is being run by job {job.id} {since(job)}, with another study "
            "file, code or options; wait for it or stop it (gradscape stop), then submit again: "
            "the study goes on where it stopped"
        )
    return Submitted(job=job, since=since(job))


def _check_own_code(study: StudyElsewhere, wanted: Submission) -> None:
    """Code that lies beside the study file would be missed on the cluster."""
    if wanted.working_dir is not None:
        return
    beside = wanted.study_file.resolve().parent
    for name in study.own:
        top = name.partition(":")[0].partition(".")[0]
        if (beside / f"{top}.py").exists() or (beside / top / "__init__.py").exists():
            raise InputError(
                f"{name} is code of your own beside the study file; send it along with "
                f"--working-dir {beside}"
            )
