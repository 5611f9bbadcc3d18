from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from study.tables import (
    LAYERS,
    STEPS,
    CohortTables,
    StudyMetadata,
    TableStore,
    to_arrow,
    trial_columns,
)
from study.tables.schema import TRIAL_LABELS
from study.verdicts import DEFAULT, label_trials, relabel_study

METADATA = StudyMetadata(
    study="s",
    task="digits",
    network="mlp",
    metric="accuracy",
    hyperparameters={"depth": {"kind": "fixed", "value": 30}},
)


@pytest.fixture
def store(tmp_path: Path, make_trials, make_layers) -> TableStore:
    """Six stalled trials in three parts; R falls from trial to trial."""
    store = TableStore(tmp_path)
    for part, numbers in {"b": [4, 1], "a": [3, 0], "c": [2, 5]}.items():
        layers = pd.concat(
            make_layers(trial=number, steps=(0, 1), depth=30, factor=0.95 - 0.05 * number)
            for number in numbers
        )
        rows = make_trials(*[{"metric_final": 0.1, "loss_final": 2.3, "depth": 30}] * 2)
        rest = [column.name for column in LAYERS if column.name not in layers.columns]
        steps = pd.DataFrame({column.name: [0.0] * 2 for column in STEPS}).assign(trial=numbers)
        trials = label_trials(rows.assign(trial=numbers), layers, steps=steps, metric="accuracy")
        store.write(
            CohortTables(
                trials=to_arrow(trials, trial_columns(METADATA), METADATA),
                steps=to_arrow(steps, STEPS, METADATA),
                layers=to_arrow(layers.assign(**dict.fromkeys(rest)), LAYERS, METADATA),
            ),
            part,
        )
    return store


def test_the_same_thresholds_give_the_stored_labels(store: TableStore) -> None:
    stored = store.read_trials()
    again = relabel_study(store, DEFAULT)
    pd.testing.assert_frame_equal(again, stored)
    assert stored.verdict.tolist() == ["stalled"] * 4 + ["vanishing"] * 2


def test_other_thresholds_change_only_labels(store: TableStore) -> None:
    stored = store.read_trials()
    changed = relabel_study(store, DEFAULT.with_overrides({"vanishing_ratio": 1e-6}))
    # R = (0.95 - 0.05 n)^29 for trial n: 1.5e-3 for trial 3, 2.4e-4 for 4, 3e-5 for 5.
    assert changed.verdict.tolist() == ["stalled"] * 6
    assert changed.attrs["thresholds"]["vanishing_ratio"] == 1e-6
    labels = [column.name for column in TRIAL_LABELS]
    pd.testing.assert_frame_equal(changed.drop(columns=labels), stored.drop(columns=labels))
    assert store.read_trials().verdict.tolist() == stored.verdict.tolist()


def test_batches_do_not_matter(store: TableStore, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = relabel_study(store, DEFAULT)
    monkeypatch.setattr("study.verdicts.relabel.TRIALS_AT_ONCE", 1)
    pd.testing.assert_frame_equal(relabel_study(store, DEFAULT), whole)


def test_a_study_without_trials(tmp_path: Path) -> None:
    assert len(relabel_study(TableStore(tmp_path / "none"), DEFAULT)) == 0
