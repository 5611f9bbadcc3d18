"""What a step frees, the next one is given again."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy
from study.engine.devices import keep_freed_memory
if sys.argv[1:]:
    assert keep_freed_memory()
numpy.ones(2**23)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    numpy.ones(2**23)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="no glibc here")
def test_no_page_is_asked_for_twice() -> None:
    """64 MB, ten times, are 160,000 pages where the system gets them back each time."""
    fresh, kept = (
        int(subprocess.check_output([sys.executable, "-c", FAULTS, *arguments], text=True))
        for arguments in ([], ["keep"])
    )
    assert kept < 100 and fresh > 10 * max(1, kept)
