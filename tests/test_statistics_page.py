"""The quantity of one's own in docs/statistics.md works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from study import results
from study.engine import NETWORKS, TASKS, quantities, train_cohort
from study.engine.batches import BatchOrder
from study.tables import LAYERS, StudyMetadata
from study.tables.schema import Column
from study.verdicts import DEFAULT
from tests.engine.conftest import make_trial
from tests.engine.reference import initial_network

PAGE = Path(__file__).parent.parent / "docs" / "statistics.md"


def test_the_example_becomes_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGE.read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    (line,) = re.findall(r"^    (\".*),$", page, re.MULTILINE)
    for name, quantity in eval(f"{{{line}}}", names).items():
        monkeypatch.setitem(quantities.ON_ACTIVATION, name, quantity)
    (declared,) = re.findall(r"^    _column\((.*)\),$", page, re.MULTILINE)
    name, kind, unit, meaning = eval(f"({declared})")
    column = Column(name=name, type=kind, unit=unit, meaning=meaning)
    monkeypatch.setattr(results, "LAYERS", (*LAYERS, column))

    digits, trial = TASKS["digits"](), make_trial(0)
    record = train_cohort([trial], task=digits, network=NETWORKS["mlp"], steps=1)
    metadata = StudyMetadata(study="s", task="digits", network="mlp", hyperparameters={})
    tables = results.cohort_tables(record, task=digits, metadata=metadata, thresholds=DEFAULT)

    batch = BatchOrder(
        [trial.seed], examples=digits.examples, batch_size=32, device=torch.device("cpu")
    ).batch(0)[0]
    values, expected = digits.inputs[batch].double(), []
    for module in initial_network(trial, digits, torch.float64).children():
        values = module(values)
        if isinstance(module, nn.Tanh):
            expected.append(values.abs().max().item())
    got = tables.layers.column(name).to_pylist()
    np.testing.assert_allclose(got[:-1], expected, rtol=1e-6)
    assert got[-1] is None  # The output layer has no activation.


def test_the_page_has_every_tier() -> None:
    from study.engine.statistics import STATISTICS

    page = PAGE.read_text(encoding="utf-8")
    for name in STATISTICS:
        assert f"| `{name}`" in page
