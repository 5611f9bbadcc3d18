"""Text that Markdown shows as it is."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"([\\`*_\[\]|~])")

_BREAK = "\N{ZERO WIDTH SPACE}"


def plain(text: object) -> str:
    """Escapes anybody's text as part of a line of Markdown, read as these characters.

    Markup and HTML are made harmless; an address, a mention of a user and the number of an issue
    make no links.
    """
    line = " ".join(str(text).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = _MARKUP.sub(r"\\\1", line)
    return re.sub(r"(@|#(?=\d)|:(?=//)|\bwww(?=\.))", rf"\1{_BREAK}", line)
