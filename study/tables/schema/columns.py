"""What a column of a table is: its name, type, unit and meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import pyarrow as pa

ColumnType = Literal["int64", "float64", "float32", "string"]

ARROW_TYPES: Mapping[ColumnType, pa.DataType] = MappingProxyType(
    {
        "int64": pa.int64(),
        "float64": pa.float64(),
        "float32": pa.float32(),
        "string": pa.string(),
    }
)
"""How Parquet files hold columns of each type."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its Arrow type, its unit ("" for names, "1" for dimensionless), its meaning."""

    name: str
    type: ColumnType
    unit: str
    meaning: str


def column(name: str, type: ColumnType, unit: str, meaning: str) -> Column:
    return Column(name=name, type=type, unit=unit, meaning=meaning)
