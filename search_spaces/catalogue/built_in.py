"""Names of networks and tasks, as far as the catalogue has to tell them apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

FEED_FORWARD_NETWORKS = ("mlp", "cnn", "resnet", "densenet", "unet", "vae")
RECURRENT_NETWORKS = ("rnn", "lstm", "gru", "seq2seq")
TRANSFORMERS = ("transformer", "encoder_decoder")

NETWORK = "network"
"""The hyperparameter that says which network a trial trains, where a study has several."""

_BETWEEN = ", "


def is_own(name: str) -> bool:
    """Returns whether a name is of a person's own: ``package.module:attribute``."""
    return ":" in name


def joined_networks(names: Iterable[str]) -> str:
    """Returns the name of several networks together, as studies of them have it."""
    return _BETWEEN.join(names)


def network_names(network: str) -> tuple[str, ...]:
    """Returns the networks that a study's network stands for: mostly one."""
    return tuple(network.split(_BETWEEN))


def network_of(network: str, hyperparameters: Mapping[str, object]) -> str:
    """Returns the network of one trial.

    Args:
        network: The study's network.
        hyperparameters: The trial's.
    """
    return network if len(network_names(network)) == 1 else str(hyperparameters[NETWORK])
