"""Public names of a package that are imported when they are first asked for.

A command that lists studies must not pay for torch, and a worker not for Optuna: a package whose
members need different libraries imports none of them for the sake of its list of names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module


def lazy_names(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Makes the `__getattr__` of a package.

    No name may also be that of a module of the package: once imported, the module would be found
    in its stead.

    Args:
        package: The package's `__name__`.
        homes: The module that each public name is imported from.
    """

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    return get
