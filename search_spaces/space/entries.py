"""The hyperparameters of one space and the order in which their values can be known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from search_spaces.catalogue import Hyperparameter, Value
from search_spaces.space.settings import Choice, Fixed, Setting

Role = Literal["fixed", "choice", "range", "default"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One hyperparameter of a space; ``given`` if the study file states it, else a default."""

    hyperparameter: Hyperparameter
    setting: Setting
    given: bool

    @property
    def name(self) -> str:
        return self.hyperparameter.name

    @property
    def varies(self) -> bool:
        return not isinstance(self.setting, Fixed)

    @property
    def role(self) -> Role:
        if not self.given:
            return "default"
        if isinstance(self.setting, Fixed):
            return "fixed"
        return "choice" if isinstance(self.setting, Choice) else "range"

    @property
    def values(self) -> tuple[Value, ...]:
        """Values that may meet a condition; a range of numbers meets none."""
        if isinstance(self.setting, Fixed):
            return (self.setting.value,)
        return self.setting.values if isinstance(self.setting, Choice) else ()

    def applies(self, values: Mapping[str, Value]) -> bool:
        """Returns whether its owners have the values it belongs to."""
        conditions = self.hyperparameter.conditions
        return all(each.holds(values.get(each.owner), given=self.given) for each in conditions)


def conditions_text(hyperparameter: Hyperparameter) -> str:
    """Says when it applies: "optimizer is sgd"; "" for always."""
    return " and ".join(str(each) for each in hyperparameter.conditions)


def default_entries(
    given: Iterable[str], *, network: str, task: str, catalogue: Iterable[Hyperparameter]
) -> list[Entry]:
    """Returns what a study file leaves to the catalogue.

    A network of the person's own gets no default depth or width, and a task of their own no
    default sequence length: it may have none.
    """
    named = set(given)
    left = [
        (each, each.default_for(network))
        for each in catalogue
        if each.name not in named and each.belongs_to(network=network, task=task)
    ]
    return [
        Entry(hyperparameter=each, setting=Fixed(value=default), given=False)
        for each, default in left
        if default is not None
    ]


def owners_first(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Returns the same entries in the same order, except that owners precede what they own."""
    by_name = {each.name: each for each in entries}
    ordered: dict[str, Entry] = {}

    def add(entry: Entry) -> None:
        for condition in entry.hyperparameter.conditions:
            if condition.owner in by_name:
                add(by_name[condition.owner])
        ordered.setdefault(entry.name, entry)

    for entry in by_name.values():
        add(entry)
    return tuple(ordered.values())


def collect(entries: tuple[Entry, ...], pick: Callable[[Entry], Value]) -> dict[str, Value]:
    """Collects the values of all entries that apply, in their order.

    Args:
        entries: All entries of one space, in column order.
        pick: Returns the value of an entry that varies and applies; it is called for owners first.
    """
    values: dict[str, Value] = {}
    for entry in owners_first(entries):
        if entry.applies(values):
            setting = entry.setting
            values[entry.name] = setting.value if isinstance(setting, Fixed) else pick(entry)
    return {each.name: values[each.name] for each in entries if each.name in values}
