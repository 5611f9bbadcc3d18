"""What is found out before a run starts or writes anything.

`configuration` refuses study files that could not be run; `find` tries, in seconds, whether the
services and folders that a study keeps its results in can be reached and written. It is imported
on demand: what only tries a configuration needs no data base.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from study.preflight.finding import Finding

if TYPE_CHECKING:
    from study.preflight.services import find

__all__ = ["Finding", "find"]


def __getattr__(name: str) -> object:
    if name == "find":
        from study.preflight.services import find

        return find
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
