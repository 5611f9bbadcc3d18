from __future__ import annotations

import json

import pyarrow as pa
import pytest

from study.tables import StudyMetadata, TableError
from study.tables.metadata import attach, metadata_of
from study.tables.schema import METADATA_KEY, SCHEMA_VERSION


def test_survives_the_way_through_a_schema(metadata: StudyMetadata) -> None:
    table = attach(pa.table({"trial": [1]}), metadata)
    assert metadata_of(table.schema) == metadata


def test_is_json_that_any_reader_understands(metadata: StudyMetadata) -> None:
    schema = attach(pa.table({"trial": [1]}), metadata).schema
    stored = json.loads(schema.metadata[METADATA_KEY])
    assert stored["schema_version"] == SCHEMA_VERSION
    assert stored["hyperparameters"]["depth"] == {"kind": "choice", "choices": [2, 4]}
    assert list(stored["hyperparameters"])[:2] == ["depth", "activation"]


def test_a_later_schema_version_is_refused(metadata: StudyMetadata) -> None:
    stored = json.loads(metadata.to_json()) | {"schema_version": SCHEMA_VERSION + 1}
    with pytest.raises(TableError, match=f"schema version {SCHEMA_VERSION + 1}.*up to"):
        StudyMetadata.from_json(json.dumps(stored))


def test_additions_of_a_later_minor_version_are_ignored(metadata: StudyMetadata) -> None:
    stored = json.loads(metadata.to_json()) | {"theory": "mean field"}
    assert StudyMetadata.from_json(json.dumps(stored)) == metadata


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"schema_version": 1, "study": "a"}'])
def test_what_is_no_metadata_is_refused(text: str) -> None:
    with pytest.raises(TableError):
        StudyMetadata.from_json(text)


def test_a_foreign_table_is_refused() -> None:
    with pytest.raises(TableError, match="no gradscape metadata"):
        metadata_of(pa.schema([("trial", pa.int64())]))
