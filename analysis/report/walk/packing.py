"""JSON inside a page: compressed, as text that is safe in a script element."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping


def packed(data: Mapping[str, object]) -> str:
    """Returns the data as base64 of gzipped JSON; `templates/walk/unpack.js` reads it.

    Raises:
        ValueError: If a number is not finite, which JSON has no word for.
    """
    text = json.dumps(data, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return packed_text(text)


def packed_text(text: str) -> str:
    """Returns a text as base64 of its gzipped UTF-8; a lone surrogate becomes "?"."""
    # No time in the header: the same study gives the same page.
    compressed = gzip.compress(text.encode("utf-8", errors="replace"), 6, mtime=0)
    return base64.b64encode(compressed).decode("ascii")
