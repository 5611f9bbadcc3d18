"""`gradscape report --confirm N`: fresh trials in the recommended region."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from search_spaces.errors import InputError
from study.commands.text.status_line import error_console, status_line

if TYPE_CHECKING:
    from study.run.confirm_region import Watch


def confirm_recommended(study: str, number: int, *, home: Path, quiet: bool) -> None:
    """Trains fresh trials in the first safe region of a study, as far as they are missing.

    Args:
        study: Name of the study.
        number: Trials wanted.
        home: The home folder.
        quiet: Show no progress.

    Raises:
        InputError: If there is no region to confirm, or its trials cannot be trained here.
        StudyNotFound: If there is no such study.
    """
    from analysis import load_trials, safe_regions
    from analysis.reading import study_folder
    from study.paths import StudyPaths
    from study.run.confirm_region import confirm

    trials = load_trials(study, home=home)
    folder = study_folder(study, home=home)
    boxes = safe_regions(trials)
    if boxes.empty:
        reason = boxes.attrs["reason"]
        raise InputError(f"there is no recommended region to train in: {reason}", key="--confirm")
    first = boxes.to_dict("records")[0]
    with _watched(str(first["box"]), quiet=quiet) as watch:
        confirm(
            # Also of a study that is named by its folder.
            StudyPaths(home=folder.parent.parent, study=folder.name),
            json.loads(first["where"]),
            number,
            promised=float(first["low"]),
            code=(Path.cwd(), folder),
            watch=watch,
        )


@contextmanager
def _watched(box: str, *, quiet: bool) -> Iterator[Watch]:
    """On a terminal a line that counts; elsewhere one line before and one after."""
    console = error_console()

    def text(done: int, total: int, stable: int) -> str:
        return f"confirming {box}: {done}/{total} fresh trials, {stable} stable"

    if quiet:
        yield lambda done, total, stable: None
    elif console.is_terminal:
        with status_line("confirming", console) as line:
            yield lambda done, total, stable: line(text(done, total, stable))
    else:
        shown: list[int] = []

        def show(done: int, total: int, stable: int) -> None:
            if not shown or done == total != shown[-1]:
                console.print(text(done, total, stable))
            shown.append(done)

        yield show
