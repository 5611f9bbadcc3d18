"""Names of networks and tasks, as far as the catalogue has to tell them apart."""

from __future__ import annotations

RECURRENT_NETWORKS = ("rnn", "lstm", "gru")


def is_own(name: str) -> bool:
    """Returns whether a name is of a person's own: ``package.module:attribute``."""
    return ":" in name
