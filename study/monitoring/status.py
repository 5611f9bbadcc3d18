"""How a study of a home folder stands, for whoever asks while it runs or afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from search_spaces.errors import InputError
from study.errors import StorageUnavailable, TableError
from study.lease import Held, look
from study.ledger import trial_states
from study.monitoring.driver_record import DriverRecord, read_record
from study.paths import StudyPaths
from study.study_file import StudyConfig, load_study_file
from study.tables import TableStore


@dataclass(frozen=True, kw_only=True)
class StudyStatus:
    """A study at one moment.

    Attributes:
        study: Name of the study.
        total: Trials that it is to have.
        done: Trials whose rows are on disk.
        running: Trials that were begun and are not done; 0 while nobody works on it, since the
            next run trains those of one that was cut off again.
        failed: Trials that infrastructure lost too often.
        undelivered: Trials done that Optuna and MLflow do not know yet.
        verdicts: Trials done by verdict.
        held: Who works on it now, if anybody does.
        last: How the last run began and ended, if that is known.
        notices: What could not be found out, and why.
    """

    study: str
    total: int
    done: int
    running: int
    failed: int
    undelivered: int
    verdicts: Mapping[str, int]
    held: Held | None
    last: DriverRecord | None
    notices: tuple[str, ...]

    @property
    def left(self) -> int:
        """Trials that are still to be trained."""
        return max(0, self.total - self.done - self.failed)

    @property
    def state(self) -> str:
        """running, failed, killed, done or incomplete."""
        if self.held is not None:
            return "running"
        if self.last is not None and self.last.error is not None:
            return "failed"
        if not self.left and not self.undelivered:
            return "done"
        if self.last is not None and self.last.ended is None:
            return "killed"
        return "incomplete"


def study_status(paths: StudyPaths) -> StudyStatus:
    """Reads tables, storage, lease and the driver's record; changes nothing."""
    notices: list[str] = []
    last = read_record(paths.driver_record)
    config = _config(paths, notices)
    recorded, verdicts = _recorded(paths, notices)
    states = {} if config is None else _states(config, paths, notices)
    wanted = 0 if config is None else config.trials
    held = look(paths.lock)
    begun = sum(state == "RUNNING" and n not in recorded for n, state in states.items())
    return StudyStatus(
        study=paths.study,
        total=max(wanted if last is None else last.trials, len(states), len(recorded)),
        done=len(recorded),
        running=0 if held is None else begun,
        failed=sum(state == "FAIL" and n not in recorded for n, state in states.items()),
        undelivered=sum(states.get(n) == "RUNNING" for n in recorded),
        verdicts=verdicts,
        held=held,
        last=last,
        notices=tuple(notices),
    )


def trials_while_it_runs(paths: StudyPaths) -> int | None:
    """Returns how many trials a study that somebody works on now is to have; else None."""
    last = read_record(paths.driver_record)
    return last.trials if last is not None and look(paths.lock) is not None else None


def _config(paths: StudyPaths, notices: list[str]) -> StudyConfig | None:
    """The study file as it was last run; it may need variables that are not set here."""
    try:
        return load_study_file(paths.study_file)
    except InputError as error:
        notices.append(f"the storage was not asked: {error}")
        return None


def _recorded(paths: StudyPaths, notices: list[str]) -> tuple[Collection[int], Mapping[str, int]]:
    try:
        verdicts = TableStore(paths.tables).verdicts()
    except TableError as error:
        notices.append(f"the tables cannot be read: {error}")
        return (), {}
    return verdicts.keys(), Counter(verdicts.values())


def _states(config: StudyConfig, paths: StudyPaths, notices: list[str]) -> Mapping[int, str]:
    try:
        return trial_states(name=config.study, storage=config.storage or paths.journal)
    except StorageUnavailable as error:
        notices.append(str(error))
        return {}
