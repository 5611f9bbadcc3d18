"""What the numbers of a report were made with."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

_LIBRARIES = ("pandas", "numpy", "pyarrow", "scikit-learn", "plotly")


def library_versions() -> dict[str, str]:
    """Returns the versions of gradscape, Python and the libraries that numbers depend on."""
    libraries = {name: version(name) for name in _LIBRARIES}
    return {"gradscape": gradscape_version(), "python": platform.python_version(), **libraries}


def gradscape_version() -> str:
    """Returns the installed version; "unknown" when run from sources that are not installed."""
    try:
        return version("gradscape")
    except PackageNotFoundError:
        return "unknown"
