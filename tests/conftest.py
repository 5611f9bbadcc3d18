"""What all tests share."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Iterator

import pytest

from tests.support.postgresql import postgresql, postgresql_server, postgresql_url
from tests.support.repository import ROOT

__all__ = ["postgresql", "postgresql_server", "postgresql_url"]

# Before torch starts its threads, here and in the processes that tests start: networks as small as
# the tests' gain nothing from a second thread, and two test processes would fight over the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Before anything imports Keras, which takes TensorFlow unless it is told.
os.environ.setdefault("KERAS_BACKEND", "torch")

# Ray's workers start at niceness 15, and would wait for all tests in other processes.
os.environ.setdefault("RAY_worker_niceness", "0")

LONGEST = (
    "study/jobs/test_on_ray.py",
    "end_to_end/test_drivers_of_a_data_base.py",
    "end_to_end/test_interruptions.py",
    "end_to_end/test_faults.py",
    "end_to_end/test_cluster_end_to_end.py",
    "end_to_end",
    "study/dispatch",
    "study/jobs",
    "study/commands",
    "study/tracking",
    "analysis/report",
)
"""Files and folders that begin first: a long one that began last would leave the others idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest files first; the rest stays in its order."""

    def position(item: pytest.Item) -> int:
        name = item.path.relative_to(ROOT / "tests").as_posix()
        return next(
            (number for number, start in enumerate(LONGEST) if name.startswith(start)),
            len(LONGEST),
        )

    items.sort(key=position)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Spares tests that use MLflow, which have imported it by now, to make its tables anew."""
    if "mlflow" in sys.modules:
        importlib.import_module("tests.support.mlflow_tables").copy_them()


@pytest.fixture(scope="module", autouse=True)
def garbage_is_collected_here() -> Iterator[None]:
    """What a file leaves in cycles is ended with it, and warns there and not in another file."""
    yield
    gc.collect()
    gc.freeze()
