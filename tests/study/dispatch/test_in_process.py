from __future__ import annotations

import subprocess
import sys

import pytest

from study.dispatch import InProcessDispatcher
from tests.study.dispatch.contract import DispatcherContract


class TestInProcess(DispatcherContract):
    @pytest.fixture
    def dispatcher(self):
        return InProcessDispatcher()


def test_it_imports_no_ray():
    code = "import sys, study.dispatch; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
