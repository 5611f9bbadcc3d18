"""From a study file's `hyperparameters` to a validated search space."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping

from search_spaces.catalogue import CATALOGUE, Hyperparameter, Value, is_own
from search_spaces.catalogue.built_in import NETWORK, network_names
from search_spaces.errors import InputError, unknown
from search_spaces.space.entries import Entry, conditions_text, default_entries, owners_first
from search_spaces.space.reading import own_hyperparameter, read_setting
from search_spaces.space.search_space import SearchSpace
from search_spaces.space.several_networks import (
    check_defaults,
    for_networks,
    network_hyperparameter,
)
from search_spaces.values import show

KEY = "hyperparameters"
_OWN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_NEAR_MISS = 0.8


def build_space(
    hyperparameters: Mapping[str, object],
    *,
    network: str,
    task: str,
    catalogue: Mapping[str, Hyperparameter] = CATALOGUE,
    reserved: Collection[str] = (),
) -> SearchSpace:
    """Validates what a study fixes and varies.

    Args:
        hyperparameters: As in a study file: a scalar is fixed, a list is a choice,
            {low, high, log, step} is a range.
        network: A built-in network, or ``package.module:factory`` of the person's own, which
            may have hyperparameters that the catalogue does not know. Several built-in ones,
            as `joined_networks` names them, are an axis.
        task: A built-in task, or ``package.module:function`` of the person's own; as network.
        catalogue: The hyperparameters there are.
        reserved: Names that hyperparameters outside the catalogue must not have.

    Raises:
        InputError: If anything breaks a rule; its key is ``hyperparameters.<name>``.
    """
    if not isinstance(hyperparameters, Mapping):
        raise InputError(
            f"must be a mapping of names to values, but got {show(hyperparameters)}", key=KEY
        )
    names, of_one = network_names(network), catalogue
    if len(names) > 1:
        catalogue = for_networks(catalogue, network=network, task=task)
        catalogue = {NETWORK: network_hyperparameter(network), **catalogue}
        hyperparameters = {NETWORK: list(names), **hyperparameters}
    available = _available(catalogue, network, task)
    free = any(map(is_own, (network, task, str(hyperparameters.get("optimizer", "")))))
    given = []
    for name, setting in hyperparameters.items():
        try:
            each = _find(name, setting, network, task, available, catalogue, reserved, free)
            given.append(
                Entry(hyperparameter=each, setting=read_setting(each, setting), given=True)
            )
        except InputError as error:
            raise error.inside(key=f"{KEY}.{name}") from None
    defaults = default_entries(
        [each.name for each in given], network=network, task=task, catalogue=available.values()
    )
    entries = _applicable([*given, *defaults])
    if len(names) > 1:
        check_defaults(of_one, entries, network=network)
    return SearchSpace(
        network=network,
        task=task,
        entries=entries,
        catalogue=tuple(available.values()),
    )


def _available(
    catalogue: Mapping[str, Hyperparameter], network: str, task: str
) -> dict[str, Hyperparameter]:
    """Returns what network and task may have; one of a person's own may have all."""
    return {
        name: each
        for name, each in catalogue.items()
        if each.belongs_to(network=network, task=task)
        or (is_own(network) and each.networks is not None)
        or (is_own(task) and each.tasks is not None)
    }


def _find(
    name: object,
    given: object,
    network: str,
    task: str,
    available: Mapping[str, Hyperparameter],
    catalogue: Mapping[str, Hyperparameter],
    reserved: Collection[str],
    free: bool,
) -> Hyperparameter:
    if not isinstance(name, str):
        raise InputError(f"names of hyperparameters must be text, but got {show(name)}")
    if name in available:
        return available[name]
    if name in catalogue:
        raise InputError(_belongs_elsewhere(catalogue[name], network, task))
    if not free:
        raise InputError(unknown("hyperparameter", name, available))
    near = difflib.get_close_matches(name, catalogue, n=1, cutoff=_NEAR_MISS)
    if near:
        raise InputError(
            f"unknown hyperparameter {name!r}; did you mean {near[0]!r}? A hyperparameter of "
            f"your own network, task or optimizer needs a name less like one of the catalogue's"
        )
    if not _OWN_NAME.fullmatch(name):
        raise InputError(
            f"names must be letters, digits and '_', not beginning with a digit, "
            f"at most 100, but got {show(name)}"
        )
    if name in reserved:
        raise InputError(f"{name!r} is a column of the trials table; choose another name")
    return own_hyperparameter(name, given)


def _belongs_elsewhere(each: Hyperparameter, network: str, task: str) -> str:
    sides = [("network", network, each.networks), ("task", task, each.tasks)]
    return "; ".join(
        f"{what} {name} has no {each.name}; {what}s that have it: {', '.join(homes)}"
        for what, name, homes in sides
        if homes is not None
    )


def _applicable(entries: list[Entry]) -> tuple[Entry, ...]:
    """Returns the entries that some trial can have.

    Raises:
        InputError: If a given one is not among them.
    """
    possible: dict[str, tuple[Value, ...]] = {}
    for entry in owners_first(entries):
        conditions = entry.hyperparameter.conditions
        if all(
            any(each.holds(value, given=entry.given) for value in possible.get(each.owner, ()))
            for each in conditions
        ):
            possible[entry.name] = entry.values
        elif entry.given:
            raise InputError(_never(entry, entries), key=f"{KEY}.{entry.name}")
    return tuple(each for each in entries if each.name in possible)


def _never(entry: Entry, entries: Iterable[Entry]) -> str:
    by_name = {each.name: each for each in entries}
    states = []
    for condition in entry.hyperparameter.conditions:
        owner = by_name.get(condition.owner)
        if owner is None:
            states.append(f"there is no {condition.owner}")
        else:
            default = "" if owner.given else ", its default"
            states.append(f"{owner.name} is {owner.setting}{default}")
    rule = conditions_text(entry.hyperparameter)
    return f"applies only when {rule}, but {' and '.join(states)}"
