"""A study whose tables are fetched from an MLflow server, for commands that read them."""

from __future__ import annotations

import difflib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search_spaces.errors import InputError
from study.secrets import masked, public_address


@contextmanager
def tracked_study(tracking_uri: str, study: str) -> Iterator[Path]:
    """The study's folder, with its tables, as long as it is needed.

    Args:
        tracking_uri: Address of an MLflow server; its user and password stand in the environment
            (MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD).
        study: Name of the study.

    Raises:
        InputError: If there is no such server or study, or no tables of it.
    """
    from study.tracking import (
        TablesNotTracked,
        TrackingUnavailable,
        download_tables,
    )

    if not public_address(tracking_uri):
        raise InputError(
            "must be the address of an MLflow server (http://... or https://...), "
            f"but got {masked(tracking_uri)!r}",
            key="--tracking-uri",
        )
    where = public_address(tracking_uri)
    with tempfile.TemporaryDirectory(prefix="gradscape-") as scratch:
        try:
            found = download_tables(tracking_uri, study, Path(scratch), on_progress=_show)
        except TrackingUnavailable as error:
            raise InputError(str(error), key="--tracking-uri") from None
        except TablesNotTracked as error:
            raise InputError(_why(study, where, error, error.known)) from None
        if found.other_studies:
            print(
                f"{where} has trials of {study} from {found.other_studies + 1} home folders; "
                "those of the latest run are read",
                file=sys.stderr,
            )
        yield found.folder


def _why(study: str, where: str, error: Exception, known: tuple[str, ...]) -> str:
    if str(error) != "unknown study":
        return f"study {study!r} at {where}: {error}"
    near = sorted(known, key=lambda name: -difflib.SequenceMatcher(None, study, name).ratio())
    studies = f"known: {', '.join(near)}" if near else "it has no studies yet"
    return f"unknown study {study!r} at {where}; {studies}"


def _show(done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\rtables: {done} of {total} files", end=end, file=sys.stderr, flush=True)
