from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from study.tables import STEPS, StudyMetadata, TableError, to_arrow, to_frame, trial_columns


def _type_of(entry: dict[str, Any], frame: pd.DataFrame | None = None, name: str = "own") -> str:
    metadata = StudyMetadata(
        study="s", task="t", network="mine:net", hyperparameters={name: entry}
    )
    return next(one.type for one in trial_columns(metadata, frame) if one.name == name)


def test_trials_keep_identity_hyperparameters_labels_figures_in_order(
    metadata: StudyMetadata,
) -> None:
    names = [column.name for column in trial_columns(metadata)]
    identity = ["trial", "configuration", "seed", "design", "confirms"]
    assert names[:7] == [*identity, "depth", "activation"]
    assert names.index("momentum") + 1 == names.index("outcome")
    assert names[-1] == "mlflow_run_id"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"kind": "fixed", "value": 3}, "int64"),
        ({"kind": "fixed", "value": 3.0}, "float64"),
        ({"kind": "fixed", "value": "wide"}, "string"),
        ({"kind": "fixed", "value": True}, "string"),
        ({"kind": "choice", "choices": [1, 2]}, "int64"),
        ({"kind": "choice", "choices": [1, 2.5]}, "float64"),
        ({"kind": "choice", "choices": ["none", 1]}, "float64"),
        ({"kind": "choice", "choices": ["none", "layer"]}, "string"),
        ({"kind": "range", "low": 1, "high": 9, "log": False}, "int64"),
        ({"kind": "range", "low": 0.1, "high": 1, "log": True}, "float64"),
        ({"kind": "fixed", "value": "none", "type": "float64"}, "float64"),
    ],
)
def test_type_of_a_hyperparameter_of_ones_own(entry: dict[str, Any], expected: str) -> None:
    assert _type_of(entry) == expected


def test_the_catalogue_knows_that_no_clipping_is_a_number() -> None:
    # A study that never clips has only the name `none`; it used to become a string column.
    assert _type_of({"kind": "fixed", "value": "none"}, name="clip_norm") == "float64"
    assert _type_of({"kind": "choice", "choices": [1, 2]}, name="learning_rate") == "float64"


def test_rows_tell_the_type_where_the_metadata_does_not() -> None:
    assert _type_of({"kind": "own"}, pd.DataFrame({"own": [None, 2, 3]}, dtype=object)) == "int64"
    assert _type_of({"kind": "own"}, pd.DataFrame({"own": ["none", 2.5]})) == "float64"


def test_an_unknown_stated_type_is_an_error() -> None:
    with pytest.raises(TableError, match="unknown type 'double'; known: int64"):
        _type_of({"kind": "fixed", "value": 1, "type": "double"})


def test_round_trip_keeps_values_infinities_and_nulls(
    metadata: StudyMetadata, make_trials
) -> None:
    frame = make_trials([0, 1, 2, 3, 4])
    table = to_arrow(frame, trial_columns(metadata), metadata)
    back = to_frame(table)
    assert back["clip_norm"].tolist() == [1.0, math.inf, 1.0, math.inf, 1.0]
    assert back["loss_final"].tolist() == [0.5, math.inf, 0.5, 0.5, math.inf]
    assert back["failure_step"].isna().tolist() == [True, False, True, True, False]
    assert back["failure_tensor"].tolist()[1] == "loss"
    assert back["momentum"].isna().tolist() == [False, True, False, True, False]
    assert back["depth"].tolist() == [2, 4, 2, 4, 2]
    assert back.attrs["metric"] == "accuracy"
    assert table.schema.field("failure_step").type == pa.int64()
    assert table.schema.field("depth").type == pa.int64()
    # A second round trip changes nothing.
    again = to_arrow(back, trial_columns(metadata), metadata)
    assert again.equals(table, check_metadata=True)


def test_nan_is_null(metadata: StudyMetadata) -> None:
    frame = pd.DataFrame({column.name: [0, 1] for column in STEPS}).assign(loss=[np.nan, 1.0])
    assert to_arrow(frame, STEPS, metadata).column("loss").to_pylist() == [None, 1.0]


def test_switches_become_names(metadata: StudyMetadata, make_trials) -> None:
    entries = {
        **metadata.hyperparameters,
        "residual": {"kind": "choice", "choices": [True, False]},
    }
    wider = replace(metadata, hyperparameters=entries)
    frame = make_trials([0, 1]).assign(residual=[True, False])
    table = to_arrow(frame, trial_columns(wider), wider)
    assert table.column("residual").to_pylist() == ["true", "false"]


def test_an_unknown_column_is_an_error(metadata: StudyMetadata, make_trials) -> None:
    frame = make_trials([0]).assign(loss_finale=1.0)
    with pytest.raises(TableError, match="unknown column 'loss_finale'; known: .*loss_final"):
        to_arrow(frame, trial_columns(metadata), metadata)


def test_a_missing_column_is_an_error(metadata: StudyMetadata, make_trials) -> None:
    frame = make_trials([0]).drop(columns=["depth", "seed"])
    with pytest.raises(TableError, match="missing: seed, depth"):
        to_arrow(frame, trial_columns(metadata), metadata)


@pytest.mark.parametrize(
    ("column", "value"),
    [("depth", 2.5), ("depth", "deep"), ("loss_final", "low"), ("seed", math.inf)],
)
def test_a_value_of_the_wrong_type_is_an_error(
    metadata: StudyMetadata, make_trials, column: str, value: object
) -> None:
    with pytest.raises(TableError, match=f"{column} must be"):
        to_arrow(make_trials([0]).assign(**{column: value}), trial_columns(metadata), metadata)
