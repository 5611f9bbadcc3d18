"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

StudyFile = Annotated[Path, typer.Argument(metavar="STUDY.yaml", help="The study file.")]
Home = Annotated[
    Path | None,
    typer.Option(
        help="Folder of all results; default $GRADSCAPE_HOME or ./gradscape.", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for scripts.")]


def code_folders(study_file: Path) -> tuple[Path, ...]:
    """Where a person's own task and network are imported from: here, and beside the file."""
    return tuple(dict.fromkeys([Path.cwd(), study_file.resolve().parent]))
