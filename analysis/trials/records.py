"""Rows of a table one by one."""

from __future__ import annotations

from typing import Any

import pandas as pd


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Returns each row as a dict of its values by column name, in order."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
