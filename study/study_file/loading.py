"""Reading a study file from disk."""

from __future__ import annotations

from pathlib import Path

from search_spaces.errors import InputError
from study.study_file.config import StudyConfig


def load_study_file(path: str | Path, *, trials: int | None = None) -> StudyConfig:
    """The configuration in a study file.

    Args:
        path: The file.
        trials: How many, where the file does not say it.

    Raises:
        InputError: If the file cannot be read, or what it says breaks a rule.
    """
    return StudyConfig.from_text(read_study_text(path), file=str(path), trials=trials)


def read_study_text(path: str | Path) -> str:
    """The text of a study file, not yet looked at.

    Raises:
        InputError: If the file cannot be read.
    """
    file = str(path)
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("no such file; `gradscape init` writes a study file", file=file) from None
    except IsADirectoryError:
        raise InputError("must be a study file, but is a folder", file=file) from None
    except UnicodeDecodeError as error:
        raise InputError(f"must be UTF-8 text, but byte {error.start} is not", file=file) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot be read: {reason}", file=file) from None
