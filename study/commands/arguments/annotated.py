"""Arguments and options of several commands, as Typer has them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from study.commands.arguments.studies import (
    compared_studies,
    reported_studies,
    study_file_of,
    study_name_of,
)

StudyFile = Annotated[
    Path,
    typer.Argument(
        metavar="STUDY.yaml",
        help="The study file; or the name of a study of this home, or of a preset.",
        callback=study_file_of,
    ),
]
Home = Annotated[
    Path | None,
    typer.Option(
        help="Folder of all results; default $GRADSCAPE_HOME or ./gradscape.",
        show_default=False,
        # Read first, wherever it stands: what a study's name means depends on it.
        is_eager=True,
    ),
]
Open = Annotated[
    bool, typer.Option("--open", help="Open the page in the browser, once it is there.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for scripts.")]
StudyName = Annotated[
    str,
    typer.Argument(
        metavar="STUDY", help="Name of the study, or its file.", callback=study_name_of
    ),
]
Reported = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="STUDY", help="Name of the study, its file or folder.", callback=reported_studies
    ),
]
Compared = Annotated[
    tuple[str, str] | None,
    typer.Option(
        metavar="A B",
        help="Write what changed from study A to study B instead.",
        callback=compared_studies,
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="A cluster, e.g. http://head:8265; else this home.", show_default=False
    ),
]
Insecure = Annotated[
    bool,
    typer.Option("--insecure", help="Use a cluster that takes jobs from everybody without token."),
]
