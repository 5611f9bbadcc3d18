"""What a step asks of a device: operations that it launches, and values that the host waits for.

Counted on a CPU, where the host waits for nothing, so that both are held without a GPU. What
compiled code does on CPUs is not seen and not meant: it is switched off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from study.engine import NETWORKS, TASKS
from study.engine.cohort_run import CohortRun
from study.engine.networks.recurrence import scan
from study.engine.observing.recorded_steps import recorded_steps
from study.engine.observing.tiers import STATISTICS
from study.engine.tasks.factory import make_task
from study.losses import DIVERGENCE_FACTOR
from tests.study.engine.conftest import make_trial

WAITED_FOR = {
    "aten::_local_scalar_dense",
    "aten::nonzero",
    "aten::equal",
    "aten::is_nonzero",
    "aten::masked_select",
    "aten::_unique2",
}
"""Operations whose result the host needs, or whose shape depends on values."""

CASES: dict[str, tuple[str, str, dict[str, object], int]] = {
    "mlp": ("digits", "chain", {"depth": 3, "width": 32, "activation": "tanh"}, 130),
    "cnn": ("digits", "vectorized", {"depth": 2, "width": 8, "activation": "relu"}, 170),
    "lstm": ("adding", "vectorized", {"depth": 1, "width": 16, "sequence_length": 12}, 470),
    "transformer": (
        "temporal_order",
        "vectorized",
        {"depth": 1, "width": 16, "heads": 2, "sequence_length": 12},
        380,
    ),
}
"""Task, execution, hyperparameters, and launches of a step at most."""

STEPS = 30


class Launches(TorchDispatchMode):
    """Counts operations that are no views, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if not func.is_view:
            self.counts[func._schema.name] += 1
        return func(*args, **(kwargs or {}))


def launches(network: str, trials: int) -> list[Counter[str]]:
    """Of the steps that are not recorded, behind the first of an epoch."""
    name, execution, own, _ = CASES[network]
    run = CohortRun(
        [make_trial(n, **own, clip_norm=1.0, optimizer="adamw") for n in range(trials)],
        make_task(TASKS[name], {}, own),
        NETWORKS[network],
        STEPS,
        torch.device("cpu"),
        statistics=STATISTICS["standard"],
        execution=execution,
        divergence_factor=DIVERGENCE_FACTOR,
    )
    found = []
    for step in range(8):
        with Launches() as counted:
            run.step(step)
        if step not in recorded_steps(STEPS):
            found.append(counted.counts)
    return found


@pytest.fixture(autouse=True)
def scans_as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "is_compiled", lambda *arguments: False)
    monkeypatch.setattr(scan, "CACHED", 2**62)


@pytest.mark.parametrize("network", CASES)
def test_a_step_launches_the_same_for_any_number_of_trials(network: str) -> None:
    few, many = (launches(network, trials) for trials in (3, 12))
    assert few == many
    assert max(counts.total() for counts in few) <= CASES[network][3]


@pytest.mark.parametrize("network", CASES)
def test_the_host_waits_for_nothing_between_recorded_steps(network: str) -> None:
    for counts in launches(network, 3):
        assert not WAITED_FOR & counts.keys()
