"""What a watch may never do: stop the training that it watches."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec

_logger = logging.getLogger("gradscape.watch")

Arguments = ParamSpec("Arguments")


def harmless(look: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Lets an error of the watch itself end in one warning, with its traceback, and no more.

    torch raises what a hook raises in the person's own forward pass, backward pass or step.

    Args:
        look: What a hook calls.
    """

    @functools.wraps(look)
    def looking(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            look(*args, **kwargs)
        except Exception as error:
            told(look.__qualname__, f"{type(error).__name__}: {error}")

    return looking


@functools.lru_cache(maxsize=64)
def told(where: str, what: str) -> None:
    """Tells of an error of the watch, with its traceback; the same one only once."""
    _logger.warning(
        "the watch failed and may see less from here on; the training goes on (%s in %s)",
        what,
        where,
        exc_info=True,
    )
