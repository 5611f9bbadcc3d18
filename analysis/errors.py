"""What was asked of the analysis that cannot be had, in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

# The one import from search_spaces: the command line catches the root, so it must be one class.
from search_spaces.errors import GradscapeError
from study.tables import TableError


class AnalysisError(GradscapeError, ValueError):
    """A study, a column or a table that is not as the question needs it."""


class StudyNotFound(AnalysisError):
    """No study of that name; the message lists the studies there are, nearest first.

    Args:
        name: The name that was asked for.
        known: Names of the studies that exist.
        folder: The home folder that was searched.
    """

    def __init__(self, name: str, known: Iterable[str], folder: str) -> None:
        self.name = name
        self.known = nearest_first(name, known)
        self.folder = folder
        studies = f"known: {', '.join(self.known)}" if self.known else "there are no studies yet"
        super().__init__(f"unknown study {name!r} in {folder}; {studies}")

    def __reduce__(self) -> tuple[object, ...]:
        return (StudyNotFound, (self.name, self.known, self.folder))


class FigureError(GradscapeError):
    """plotly.js could not draw this figure; the browser goes on."""


class NoBrowser(GradscapeError):
    """There is no Chrome or Chromium to draw figures."""


class BrowserGone(GradscapeError):
    """The browser that draws figures has ended or hangs."""


class BrowserEnded(BrowserGone):
    """The browser that draws figures has ended."""


class CommandRefused(GradscapeError):
    """The browser that draws figures cannot do what it is asked."""


@contextmanager
def table_errors() -> Iterator[None]:
    """Around the reading of tables: raises what is wrong with them as an `AnalysisError`."""
    try:
        yield
    except TableError as error:
        raise AnalysisError(str(error)) from error


def nearest_first(name: str, known: Iterable[str]) -> list[str]:
    """Returns the known names, the most similar to `name` first; ties alphabetically."""

    def distance(candidate: str) -> tuple[float, str]:
        ratio = difflib.SequenceMatcher(None, name.lower(), candidate.lower()).ratio()
        return (-ratio, candidate)

    return sorted(known, key=distance)


def unknown_column(name: str, known: Iterable[str]) -> AnalysisError:
    """Returns the error for a column that the trials do not have."""
    choices = ", ".join(nearest_first(name, known))
    return AnalysisError(f"unknown hyperparameter {name!r}; known: {choices}")
