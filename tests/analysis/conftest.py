from __future__ import annotations

from pathlib import Path

import pytest

from analysis import write_report
from tests.support.browser import browser
from tests.support.made_once import made_once
from tests.support.synthetic import Tables, synthetic_tables, write_study

__all__ = ["browser"]


@pytest.fixture(scope="session")
def digits() -> Tables:
    """512 trials with a known truth, see `synthetic_tables`."""
    return synthetic_tables()


@pytest.fixture(scope="session")
def home(digits: Tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with the study `digits-mlp`; read-only by agreement."""
    folder = tmp_path_factory.mktemp("home")
    write_study(folder, digits)
    return folder


@pytest.fixture(scope="session")
def digits_report(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the report of `digits-mlp`; read-only by agreement."""
    return made_once(
        "digits-report",
        tmp_path_factory,
        lambda folder: write_report("digits-mlp", home=home, out=folder),
    )
