"""What all tests share."""

from __future__ import annotations

import os

# Before torch starts its threads, here and in the processes that tests start: networks as small as
# the tests' gain nothing from a second thread, and two test processes would fight over the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
