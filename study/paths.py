"""The files of a study in the home folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from search_spaces.errors import InputError, unknown
from study.tables.home import (
    HOME_VARIABLE,
    no_studies,
    studies,
    studies_folder,
    tables_folder,
)


@dataclass(frozen=True, kw_only=True)
class StudyPaths:
    """The files of one study under a home folder.

    Attributes:
        home: The home folder.
        study: The study's name; it holds no separator (the study file refuses those).
    """

    home: Path
    study: str

    @property
    def folder(self) -> Path:
        """Everything of this study but its MLflow runs."""
        return studies_folder(self.home) / self.study

    @property
    def study_file(self) -> Path:
        """The study file as it was last run, `${VAR}` unexpanded."""
        return self.folder / "study.yaml"

    @property
    def journal(self) -> Path:
        """Optuna's storage, unless the study file names another."""
        return self.folder / "optuna.journal"

    @property
    def identity(self) -> Path:
        """The study's key in MLflow, where its Optuna study lies in its folder too."""
        return self.folder / "identity.json"

    @property
    def lock(self) -> Path:
        """Locked by the process that works on the study; says which one."""
        return self.folder / "driver.lock"

    @property
    def tables(self) -> Path:
        """The tables, in parts."""
        return tables_folder(self.folder)

    @property
    def checkpoints(self) -> Path:
        """State of long cohorts in training."""
        return self.folder / "checkpoints"

    @property
    def driver_log(self) -> Path:
        """What the study's drivers wrote down of their runs."""
        return self.folder / "driver.log"

    @property
    def driver_record(self) -> Path:
        """How the last run began and ended."""
        return self.folder / "driver.json"

    @property
    def report(self) -> Path:
        """The stability report."""
        return self.folder / "report"

    @property
    def report_is_current(self) -> bool:
        """Whether the report was written after the last trials."""
        page = self.report / "index.html"
        parts = (self.tables / "trials").glob("*.parquet")
        newest = max((part.stat().st_mtime for part in parts), default=0.0)
        return page.exists() and page.stat().st_mtime >= newest

    def remove_checkpoints(self) -> None:
        """Removes what a done study needs no more: a cohort cut off, then packed differently."""
        if self.checkpoints.is_dir():
            shutil.rmtree(self.checkpoints)

    def create(self) -> None:
        """Makes the study's folder.

        Raises:
            InputError: If the home folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise InputError(
                f"the home folder must be writable, but {self.home} is not: {error.strerror}; "
                f"choose another with --home or {HOME_VARIABLE}"
            ) from error


def find_study(home: Path, study: str) -> StudyPaths:
    """The paths of a study that exists.

    Raises:
        InputError: If there is none of this name.
    """
    names = studies(home)
    if study not in names:
        if not names:
            raise InputError(f"no study {study!r}: {no_studies(home)}")
        raise InputError(unknown("study", study, names))
    return StudyPaths(home=home, study=study)


def check_home(home: Path) -> None:
    """Refuses a home folder that could not be written, without writing anything.

    Raises:
        InputError: If it, or the folder it would be made in, is no writable folder.
    """
    nearest = next(path for path in (home.absolute(), *home.absolute().parents) if path.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        raise InputError(
            f"the home folder must be writable, but {nearest} is not a writable folder; "
            f"choose another with --home or {HOME_VARIABLE}"
        )


def from_here(path: Path, folder: Path) -> Path:
    """Returns the path as somebody in this folder would type it: from there if it lies in it.

    The folder is where a command began: own code may have gone to another one since.
    """
    return path.relative_to(folder) if path.is_relative_to(folder) else path
