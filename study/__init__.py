"""gradscape: finds where deep networks train.

    from study import StudyConfig, load_study_file, run_study

Names are imported when they are asked for, so that reading tables never imports torch or ray.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from search_spaces.lazy_names import lazy_names

if TYPE_CHECKING:
    from search_spaces.errors import InputError
    from study.diagnosis import Diagnosis, diagnose
    from study.engine import Task, batch_task, classification, examples_of, train_cohort
    from study.monitoring.study_result import StudyResult
    from study.run.run_study import run_study
    from study.study_file import StudyConfig, load_study_file
    from study.trial import Trial
    from study.watching import watch

_HOMES = {
    "Diagnosis": "study.diagnosis",
    "InputError": "search_spaces.errors",
    "StudyConfig": "study.study_file",
    "StudyResult": "study.monitoring.study_result",
    "Task": "study.engine",
    "Trial": "study.trial",
    "batch_task": "study.engine",
    "classification": "study.engine",
    "diagnose": "study.diagnosis",
    "examples_of": "study.engine",
    "load_study_file": "study.study_file",
    "run_study": "study.run.run_study",
    "train_cohort": "study.engine",
    "watch": "study.watching",
}

__all__ = [
    "Diagnosis",
    "InputError",
    "StudyConfig",
    "StudyResult",
    "Task",
    "Trial",
    "batch_task",
    "classification",
    "diagnose",
    "examples_of",
    "load_study_file",
    "run_study",
    "train_cohort",
    "watch",
]

__getattr__ = lazy_names(__name__, _HOMES)
