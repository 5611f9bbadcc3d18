"""Several networks in one study: the network is a hyperparameter, which owns what some lack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from search_spaces.catalogue import Condition, Hyperparameter, Value
from search_spaces.catalogue.built_in import NETWORK, network_names
from search_spaces.errors import InputError
from search_spaces.space.entries import Entry


def network_hyperparameter(network: str) -> Hyperparameter:
    """Makes the hyperparameter that says which of several networks a trial trains.

    Args:
        network: Their names, as `build_space` takes them.
    """
    return Hyperparameter(
        name=NETWORK,
        kind="name",
        choices=network_names(network),
        default=None,
        meaning="the network that is trained",
    )


def for_networks(
    catalogue: Mapping[str, Hyperparameter], *, network: str, task: str
) -> dict[str, Hyperparameter]:
    """Returns the catalogue as several networks have it, under their joined name.

    A hyperparameter that only some of them have applies to those. One whose default they do not
    agree in has none, and the file must give it.

    Args:
        catalogue: The hyperparameters there are.
        network: The networks' names, as `build_space` takes them.
        task: Brings hyperparameters of its own, whatever the network.
    """
    names = network_names(network)
    adapted = {}
    for each in catalogue.values():
        having = tuple(name for name in names if _has(each, name))
        defaults = _defaults(each, having)
        some = 0 < len(having) < len(names) and task not in (each.tasks or ())
        owner = (Condition(owner=NETWORK, values=having),) if some else ()
        adapted[each.name] = replace(
            each,
            networks=each.networks if each.networks is None or not having else (network,),
            default=defaults[0] if len(defaults) == 1 else None,
            network_defaults={},
            conditions=(*owner, *each.conditions),
        )
    return adapted


def check_defaults(
    catalogue: Mapping[str, Hyperparameter], entries: Iterable[Entry], *, network: str
) -> None:
    """Refuses what the file leaves to defaults that its networks do not agree in.

    Args:
        catalogue: The hyperparameters there are, as single networks have them.
        entries: Those of the space, which can apply.
        network: The networks' names, as `build_space` takes them.

    Raises:
        InputError: If there is one; its key is ``hyperparameters.<name>``.
    """
    possible = {each.name: each.values for each in entries}
    for each in catalogue.values():
        having = tuple(name for name in network_names(network) if _has(each, name))
        applies = all(
            set(condition.values) & set(possible.get(condition.owner, ()))
            for condition in each.conditions
        )
        if each.name in possible or not applies or len(_defaults(each, having)) < 2:
            continue
        defaults = ", ".join(f"{each.default_for(name)} of {name}" for name in having)
        raise InputError(
            f"must be given, since networks differ in its default: {defaults}",
            key=f"hyperparameters.{each.name}",
        )


def _has(each: Hyperparameter, network: str) -> bool:
    return each.networks is None or network in each.networks


def _defaults(each: Hyperparameter, networks: tuple[str, ...]) -> tuple[Value, ...]:
    """Returns the different defaults of these networks."""
    values = (each.default_for(name) for name in networks)
    return tuple(dict.fromkeys(value for value in values if value is not None))
