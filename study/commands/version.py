"""The versions that a report of a fault should name."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

_STACK = ("torch", "ray", "optuna", "mlflow")


def version_text() -> str:
    """gradscape's version, and those of Python and of what decides how a study runs."""
    stack = ", ".join(f"{name} {_version(name)}" for name in _STACK)
    return f"gradscape {_version('gradscape')} (Python {platform.python_version()}, {stack})"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "is not installed"
