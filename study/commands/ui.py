"""`gradscape ui`: the reports of this home, and MLflow's own user interface on its results."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from search_spaces.errors import InputError
from study.commands.arguments.annotated import Home
from study.commands.exit_codes import ExitCode

POLL_S = 0.2


def ui(
    home: Home = None,
    port: Annotated[
        int, typer.Option(min=1, max=65534, help="MLflow's TCP port; reports are at the next one.")
    ] = 5000,
) -> None:
    """Open the reports of this home, and MLflow's user interface, on this machine only.

    Example: gradscape ui --port 5001
    """
    from study.monitoring.home_server import HomeServer
    from study.tables.home import home_folder
    from study.tracking import UiServer, port_is_free

    folder = home_folder(home)
    if not (folder / "mlflow.db").exists():
        raise InputError(
            f"{folder} must hold results of a study, but has no mlflow.db; run a study first or "
            "choose the folder with --home"
        )
    for each in (port, port + 1):
        if not port_is_free(each):
            raise InputError(
                f"the port must be free, but {each} is in use; choose one with --port"
            )
    links: dict[str, str] = {}
    with _end_signals() as ending, HomeServer(folder, port=port + 1, links=links) as pages:
        server = UiServer(folder, port=port)
        try:
            announced = False
            while not (ending.is_set() or server.ended):
                if not announced and server.answers:
                    announced = True
                    typer.echo(f"Reports on {pages.url}")
                    typer.echo(f"MLflow on http://127.0.0.1:{port} (Ctrl-C ends it)")
                    links.update(server.links())
                    for study, link in links.items():
                        typer.echo(f"{study}: {link}")
                ending.wait(POLL_S)
        finally:
            server.end()
    if not ending.is_set():
        print("gradscape: MLflow's server has ended by itself, see above", file=sys.stderr)
        raise typer.Exit(ExitCode.FAILED)


@contextmanager
def _end_signals() -> Iterator[threading.Event]:
    """Set by Ctrl-C, by SIGTERM, and when the terminal is closed."""
    ending = threading.Event()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, lambda *_: ending.set()) for number in signals]
    try:
        yield ending
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
