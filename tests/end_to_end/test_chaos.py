"""The chaos test at a small size; `benchmarks/chaos.py` runs it at full size."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.support.chaos import FaultKind, plan_faults, run_seed, undisturbed
from tests.support.postgresql import PostgresServer

TRIALS = 60


def test_every_plan_has_all_the_faults_and_plans_differ() -> None:
    plans = [plan_faults(seed) for seed in range(20)]
    for plan in plans:
        kinds = Counter(fault.kind for fault in plan)
        assert kinds[FaultKind.WORKER] == kinds[FaultKind.DRIVER] == 2
        assert kinds[FaultKind.MLFLOW_KILLED] + kinds[FaultKind.MLFLOW_STOPPED] == 1
        once = (FaultKind.NODE_LEAVES, FaultKind.NODE_JOINS, FaultKind.POSTGRESQL)
        assert all(kinds[kind] == 1 for kind in once)
        assert all(0.0 < fault.at < 0.9 for fault in plan)
    assert len({tuple(fault.kind for fault in plan) for plan in plans}) > 15
    assert {FaultKind.MLFLOW_KILLED, FaultKind.MLFLOW_STOPPED} <= {
        fault.kind for plan in plans for fault in plan
    }


@pytest.mark.slow
def test_no_trial_is_lost_or_doubled_whatever_dies(
    tmp_path: Path, postgresql: PostgresServer
) -> None:
    reference = undisturbed(tmp_path, trials=TRIALS)
    outcome = run_seed(
        0, postgresql=postgresql, reference=reference, trials=TRIALS, outage_s=8.0, say=print
    )
    assert len(outcome.injected) == 8
    assert outcome.passed, outcome
