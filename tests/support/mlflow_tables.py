"""MLflow's tables in a new SQLite file: copied from one that MLflow has made.

MLflow makes them by all migrations since its first version, which takes a second of a core for
each home folder of each test. That this works is what `tests/end_to_end/test_acceptance` sees,
whose commands are processes of their own.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import mlflow
import sqlalchemy as sa
from mlflow.store.db import utils

from tests.support.repository import ROOT

VARIABLE = "GRADSCAPE_TEST_MAKES_TABLES"
"""Set where MLflow is to make them all the same, for faults that meet it at that."""

Make = Callable[[sa.Engine], None]


def copy_them() -> None:
    """From now on this process, and what is forked from it, copies them."""
    make: Make = utils._initialize_tables

    def copy(engine: sa.Engine) -> None:
        path = engine.url.database
        makes = os.environ.get(VARIABLE) or engine.dialect.name != "sqlite"
        if makes or not path or path == ":memory:":
            make(engine)
            return
        template, file = sqlite3.connect(_template(make)), sqlite3.connect(path)
        with closing(template), closing(file):
            template.backup(file)

    utils._initialize_tables = copy


def make_tables(path: Path) -> None:
    """Writes MLflow's tables into a new SQLite file: a copy, where they are copied."""
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    utils._initialize_tables(engine)


def _template(make: Make) -> Path:
    """The file that is copied, one for each version of MLflow; made once."""
    path = ROOT / ".pytest_cache" / f"mlflow-{mlflow.__version__}.db"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        engine = sa.create_engine(f"sqlite:///{partial}", poolclass=sa.NullPool)
        make(engine)
        partial.replace(path)
    return path
