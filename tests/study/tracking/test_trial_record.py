from __future__ import annotations

import dataclasses

import pyarrow as pa

from study.tracking.trial_record import trial_records
from tests.study.tracking.sample_tables import sample_tables


def metrics(tables) -> dict[str, list[tuple[float, int]]]:
    (record,) = trial_records(tables)
    found: dict[str, list[tuple[float, int]]] = {}
    for key, value, step in record.metrics:
        found.setdefault(key, []).append((value, step))
    return found


def with_column(table: pa.Table, name: str, values: list[object]) -> pa.Table:
    place = table.column_names.index(name)
    field = table.schema.field(name)
    return table.set_column(place, field, pa.array(values, type=field.type))


def test_a_trial_without_measured_layers_has_no_delta_ratio() -> None:
    tables = sample_tables([0])
    trials = with_column(tables.trials, "regime_initial", [None])
    minimal = dataclasses.replace(tables, trials=trials, layers=tables.layers.slice(0, 0))
    assert metrics(minimal).keys() == metrics(tables).keys() - {"grad/delta_ratio"}
    (record,) = trial_records(minimal)
    assert "regime_initial" not in record.tags and record.tags["regime_final"] == "healthy"


def test_the_delta_ratio_of_a_recurrent_network_is_over_time_steps() -> None:
    tables = sample_tables([0], layers=4)
    rows = tables.layers.to_pandas()
    recurrent = (rows.layer == 2).to_numpy()
    layers = with_column(tables.layers, "calls", [16 if one else 1 for one in recurrent])
    layers = with_column(layers, "delta_rms_first_call", [3.0] * len(rows))
    layers = with_column(layers, "delta_rms_last_call", [24.0] * len(rows))
    found = metrics(dataclasses.replace(tables, layers=layers))
    assert {value for value, _ in found["grad/delta_ratio"]} == {0.125}


def test_tables_from_before_calls_were_counted_are_delivered() -> None:
    tables = sample_tables([0])
    new = ["calls", "delta_rms_first_call", "delta_rms_last_call"]
    old = dataclasses.replace(tables, layers=tables.layers.drop_columns(new))
    assert metrics(old) == metrics(tables)
