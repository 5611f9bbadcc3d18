"""`gradscape ui`: MLflow's own user interface on this home's results."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from search_spaces.errors import InputError
from study.commands.options import Home


def ui(
    home: Home = None,
    port: Annotated[int, typer.Option(help="TCP port on 127.0.0.1.")] = 5000,
) -> None:
    """Open MLflow's user interface on this home's results, on this machine only.

    Example: gradscape ui --port 5001
    """
    from study.home import home_folder
    from study.tracking import ui_command

    folder = home_folder(home)
    if not (folder / "mlflow.db").exists():
        raise InputError(
            f"{folder} must hold results of a study, but has no mlflow.db; run a study first or "
            "choose the folder with --home"
        )
    command = ui_command(folder, port=port)
    typer.echo(f"MLflow on http://127.0.0.1:{port} (Ctrl-C ends it)")
    os.execv(command[0], command)
