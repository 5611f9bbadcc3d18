"""How tables are encoded in Parquet files."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from search_spaces.catalogue import NONE

NO_LIMIT = NONE
"""What a study file calls the absence of a numeric limit (no clipping); +inf in the tables."""

_SORTED_BY = ("trial", "step")


def parquet_options(schema: pa.Schema) -> dict[str, Any]:
    """Options of `pyarrow.parquet.write_table` for a table of this schema.

    Measured numbers hardly repeat, so a dictionary of them only costs; with their bytes split by
    significance LZ4 packs them tighter than Zstandard packs them whole, and reads a cohort's
    part in a third of the time (`BYTE_STREAM_SPLIT` of the Parquet format). Only columns that
    a reader can skip by have statistics: in a small file the rest is a quarter of the bytes.
    """
    split = [field.name for field in schema if pa.types.is_floating(field.type)]
    return {
        "compression": "lz4",
        "use_dictionary": [field.name for field in schema if field.name not in split],
        "use_byte_stream_split": split,
        "write_statistics": [name for name in _SORTED_BY if name in schema.names],
    }
