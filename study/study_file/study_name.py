"""A study's name where it stands alone."""

from __future__ import annotations

from study.study_file.error_text import read_as
from study.study_file.fields import StudyName


def read_study(given: object) -> str:
    """The name, as it was given on the command line.

    Raises:
        InputError: If it is none. Without a key.
    """
    return str(read_as(StudyName, given))
