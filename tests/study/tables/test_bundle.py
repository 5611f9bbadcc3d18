from __future__ import annotations

import pickle

import pytest

from study.tables import CohortTables, TableError


def test_bytes_and_back_are_equal(make_bundle) -> None:
    bundle = make_bundle([4, 7, 8])
    back = CohortTables.from_bytes(bundle.to_bytes())
    for name in ("trials", "steps", "layers"):
        assert getattr(back, name).equals(getattr(bundle, name), check_metadata=True)
    assert back.trial_numbers == (4, 7, 8)
    assert back.metadata.study == "digits-mlp"


def test_bytes_are_compressed(make_bundle) -> None:
    bundle = make_bundle(list(range(500)))
    raw = sum(table.nbytes for table in (bundle.trials, bundle.steps, bundle.layers))
    assert len(bundle.to_bytes()) < 0.7 * raw


def test_only_some_trials(make_bundle) -> None:
    part = make_bundle([4, 7, 8]).only({8, 4})
    assert part.trial_numbers == (4, 8)
    assert set(part.layers.column("trial").to_pylist()) == {4, 8}
    assert part.steps.num_rows == 4
    assert part.metadata.study == "digits-mlp"


def test_a_pickle_is_not_executed() -> None:
    with pytest.raises(TableError, match="no tables of a cohort"):
        CohortTables.from_bytes(pickle.dumps({"a": list(range(50))}))


def test_bytes_that_were_cut_off_are_refused(make_bundle) -> None:
    with pytest.raises(TableError, match="must have [0-9]+ bytes"):
        CohortTables.from_bytes(make_bundle([1]).to_bytes()[:-10])


def test_damaged_bytes_are_refused(make_bundle) -> None:
    data = bytearray(make_bundle([1]).to_bytes())
    data[28:60] = bytes(32)
    with pytest.raises(TableError, match="damaged"):
        CohortTables.from_bytes(bytes(data))
