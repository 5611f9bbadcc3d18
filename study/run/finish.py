"""How a run ends: what arrived is delivered, MLflow gets report and tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from study.errors import GradscapeError, LeaseLost, TrackingUnavailable
from study.lease import Lease
from study.paths import StudyPaths
from study.run.recorder import Recorder
from study.tracking import Tracker

WAIT_S = 60.0
"""How long a finished study waits for an MLflow that has become unavailable."""

SHORT_WAIT_S = 10.0
"""The same for one that never answered, and when the study failed or was stopped."""

HURRY_S = 2.0
"""How long a study that must stop at once waits for what is being written."""

RETRY_S = 1.0
"""Between attempts to hand the report to an MLflow that is unavailable."""


def patience_s(*, stopped: bool) -> float:
    """How long to wait for an MLflow that has become unavailable."""
    return SHORT_WAIT_S if stopped else WAIT_S


def deliver_rest(recorder: Recorder, *, stopped: bool) -> None:
    """Waits until all that was submitted is known everywhere, or patience has ended."""
    answered = recorder.progress.delivered > 0
    recorder.flush(patience_s(stopped=stopped) if answered else SHORT_WAIT_S)


def show_typical(
    recorder: Recorder,
    typical: Callable[[StudyPaths], Collection[int]] | None,
    paths: StudyPaths,
    *,
    stopped: bool,
) -> None:
    """Has MLflow show what the report names, of a study whose runs are sampled."""
    if typical is not None and recorder.progress.outage is None:
        recorder.show(typical(paths))
        deliver_rest(recorder, stopped=stopped)


def attempt(publish: Callable[[], Path | None]) -> tuple[Path | None, GradscapeError | None]:
    """The report, or why there is none, as on a full disk: MLflow gets the rest all the same."""
    try:
        return publish(), None
    except LeaseLost:
        raise
    except GradscapeError as error:
        return None, error


def rescue(recorder: Recorder, tracker: Tracker, error: BaseException) -> None:
    """Delivers what had arrived when the run failed; what is raised is the failure itself."""
    # Whoever pressed Ctrl-C again does not wait for a server: the next run delivers the rest.
    hurried = isinstance(error, KeyboardInterrupt)
    killed = hurried or isinstance(error, LeaseLost)
    try:
        if not killed:
            recorder.flush(SHORT_WAIT_S)
    except KeyboardInterrupt:
        hurried = True
        raise
    except Exception as second:
        error.add_note(f"while delivering what had arrived: {second}")
    finally:
        recorder.close(HURRY_S if hurried else None)
    progress = recorder.progress
    if progress.outage is None and (progress.delivered or not hurried):
        try:
            tracker.close("KILLED" if killed else "FAILED")
        except Exception as second:
            error.add_note(f"while ending the run in MLflow: {second}")


def finish(
    lease: Lease,
    tracker: Tracker,
    paths: StudyPaths,
    report: Path | None,
    counts: Mapping[str, int],
    *,
    stopped: bool,
    early: bool,
) -> str | None:
    """Hands report and tables to MLflow; returns why if it does not take them.

    Args:
        lease: The lease on the study, checked before each attempt.
        tracker: Takes report, tables and counts.
        paths: Tells where the study's tables lie.
        report: Folder of the report, if there is one.
        counts: Trials by verdict.
        stopped: Whether the run was asked to stop.
        early: Whether trials are left because it was.
    """
    patient_until = time.monotonic() + patience_s(stopped=stopped)
    while True:
        try:
            with lease.writing():
                if report is not None:
                    tracker.log_report(report)
                tracker.log_tables(paths.tables)
                tracker.update_counts(counts)
            tracker.close("KILLED" if early else "FINISHED")
            return None
        except TrackingUnavailable as error:
            if time.monotonic() >= patient_until:
                return f"{error}; it has the trials, but not this report"
            time.sleep(RETRY_S)
