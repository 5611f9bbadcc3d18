"""What is wrong with a network."""

from __future__ import annotations


class NetworkError(ValueError):
    """A network that does not fit its task."""
