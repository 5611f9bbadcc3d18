"""Labels a whole study again from its stored tables, without training."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from study.tables.parts import TableStore
from study.verdicts.causes.through_training import LAYER_COLUMNS as OF_CAUSES
from study.verdicts.label import label_trials
from study.verdicts.profiles.layer_profile import COLUMNS, OPTIONAL_COLUMNS
from study.verdicts.published import LAYER_COLUMNS
from study.verdicts.thresholds import Thresholds

TRIALS_AT_ONCE = 512
"""Trials whose layers are in memory together; about 200 MB at 33 layers and 13 recorded steps."""


def relabel_study(store: TableStore, thresholds: Thresholds) -> pd.DataFrame:
    """Labels the trials of a study again with these thresholds; returns the trials table.

    Args:
        store: The study's tables; they stay as they are.
        thresholds: Where one label ends and the next begins.

    Returns:
        As `TableStore.read_trials`, with `attrs["thresholds"]` set.

    Raises:
        TableError: If a file is damaged.
    """
    trials = store.read_trials()
    metadata = dict(trials.attrs)
    row_of = pd.Series(range(len(trials)), index=trials["trial"])
    pieces = []
    for numbers in _batches(store, set(trials["trial"])):
        rows = trials.iloc[row_of.loc[numbers]]
        layers = store.read_layers(
            numbers, (*COLUMNS, *OPTIONAL_COLUMNS, *LAYER_COLUMNS, *OF_CAUSES)
        )
        steps = store.read_steps(numbers)
        pieces.append(
            label_trials(rows, layers, thresholds, steps=steps, metric=metadata["metric"])
        )
    if pieces:
        trials = pd.concat(pieces).sort_index()
    trials.attrs = {**metadata, "thresholds": thresholds.to_dict()}
    return trials


def _batches(store: TableStore, wanted: set[int]) -> Iterator[list[int]]:
    batch: list[int] = []
    for numbers in store.trials_by_part().values():
        # A study that is running may have recorded more since its trials were read.
        batch.extend(number for number in numbers if number in wanted)
        if len(batch) >= TRIALS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
