from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.browser import browser
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
