"""A search space: every hyperparameter of a study, fixed or varied, and when it applies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from search_spaces.catalogue import Hyperparameter, Kind, Value
from search_spaces.errors import InputError, unknown
from search_spaces.space.entries import (
    Entry,
    Role,
    collect,
    conditions_text,
    default_entries,
    owners_first,
)
from search_spaces.space.settings import Fixed
from search_spaces.space.suggestion import suggest_value
from search_spaces.values import read_value


@dataclass(frozen=True, kw_only=True)
class SpaceRow:
    """One line of `gradscape check`.

    Attributes:
        name: The hyperparameter.
        role: fixed, choice or range as the study file says; default where it says nothing.
        values: The values, for people.
        unit: "" where there is none.
        applies: "always", or the condition, e.g. "optimizer is sgd".
        fusible: Whether trials that differ in it are trained in one cohort.
    """

    name: str
    role: Role
    values: str
    unit: str
    applies: str
    fusible: bool


@dataclass(frozen=True, kw_only=True)
class SearchSpace:
    """What a study fixes and what it varies. `build_space` makes one.

    Attributes:
        network: The study's network.
        task: The study's task.
        entries: The study file's hyperparameters in its order, then the catalogue's defaults.
            Those that can apply to no trial are not among them.
        catalogue: The catalogue's hyperparameters that this network and task may have.
    """

    network: str
    task: str
    entries: tuple[Entry, ...]
    catalogue: tuple[Hyperparameter, ...]

    @cached_property
    def axes(self) -> dict[str, BaseDistribution]:
        """What varies, as Optuna's distributions: in file order, but owners before dependents."""
        named = ((each.name, each.setting.distribution()) for each in owners_first(self.entries))
        return {name: axis for name, axis in named if axis is not None}

    @cached_property
    def fixed(self) -> dict[str, Value]:
        """What does not vary, defaults included, in column order."""
        return {
            each.name: each.setting.value
            for each in self.entries
            if isinstance(each.setting, Fixed)
        }

    def kinds(self) -> dict[str, Kind]:
        """Returns the kind of each column that trials of this space can have, in column order."""
        return {each.name: each.hyperparameter.kind for each in self.entries}

    def suggest(self, trial: optuna.trial.Trial) -> dict[str, Value]:
        """Asks Optuna for one configuration.

        Args:
            trial: A running trial. Only axes that apply are suggested to it.

        Returns:
            Every hyperparameter that applies: the file's in its order, then defaults.
        """
        return collect(self.entries, lambda entry: suggest_value(trial, entry))

    def resolve(self, values: Mapping[str, object]) -> dict[str, Value]:
        """Completes a trial's values on the axes (Optuna's `params`) to the full configuration.

        Raises:
            InputError: If an axis that applies is missing, or a value lies outside its domain.
        """

        def pick(entry: Entry) -> Value:
            if entry.name not in values:
                raise InputError("varies and applies, but has no value", key=entry.name)
            return _read(entry.hyperparameter, values[entry.name])

        return collect(self.entries, pick)

    def applying(self, values: Mapping[str, object]) -> frozenset[str]:
        """Returns the axes that apply, from values for all of them; raises as `resolve`."""
        return frozenset(self.resolve(values).keys() & self.axes.keys())

    def corners(self) -> Iterator[dict[str, Value]]:
        """Yields configurations that between them have every shape of network along one axis each.

        The first has the first choice or lower end of every axis; each further one has another
        choice, or the upper end, of one axis that decides the shape (is not fusible).
        """
        ends = {name: _ends(axis) for name, axis in self.axes.items()}
        firsts = {name: values[0] for name, values in ends.items()}
        yield self.resolve(firsts)
        fusible = {each.name for each in self.catalogue if each.fusible}
        for name, values in ends.items():
            for value in values[1:] if name not in fusible else ():
                yield self.resolve({**firsts, name: value})

    def complete(self, overrides: Mapping[str, object]) -> dict[str, Value]:
        """Completes overrides (`diagnose --set depth=30`) with what the file fixes.

        An axis that is not set takes the catalogue's default, whether or not the file's axis
        holds it: that value is documented and the same for every study. An override has to lie
        in its domain, not on the file's axis. Texts are read by kind.

        Raises:
            InputError: If a name is unknown or does not apply, a value lies outside its domain,
                or an axis of the person's own network, which has no default, is not set.
        """
        known = {each.name: each for each in self.catalogue}
        known |= {each.name: each.hyperparameter for each in self.entries}
        chosen = {}
        for name, given in overrides.items():
            if name not in known:
                raise InputError(unknown("hyperparameter", name, known))
            chosen[name] = _read(known[name], given)
        entries = self._set_entries(chosen, known)
        values = collect(entries, self._default)
        for name in chosen:
            if name not in values:
                raise InputError(f"applies only when {conditions_text(known[name])}", key=name)
        return values

    def cohort_key(self, values: Mapping[str, Value]) -> tuple[tuple[str, Value], ...]:
        """Returns what trials must agree in to be trained in one cohort: the non-fusible values.

        Args:
            values: A full configuration, of `suggest`, `resolve` or `complete`.
        """
        fusible = {each.name for each in self.catalogue if each.fusible}
        return tuple(sorted(item for item in values.items() if item[0] not in fusible))

    def describe(self) -> list[SpaceRow]:
        """Describes each hyperparameter in one row, for `gradscape check`."""
        return [
            SpaceRow(
                name=each.name,
                role=each.role,
                values=str(each.setting),
                unit=each.hyperparameter.unit,
                applies=conditions_text(each.hyperparameter) or "always",
                fusible=each.hyperparameter.fusible,
            )
            for each in self.entries
        ]

    def metadata(self) -> dict[str, dict[str, object]]:
        """Returns the `hyperparameters` object of the tables' metadata, JSON values only."""
        return {each.name: each.setting.metadata() for each in self.entries}

    def differences(self, other: SearchSpace) -> list[str]:
        """Returns why trials of ``other`` cannot join a study of this space; empty if they can.

        Args:
            other: The space of a changed study file.

        Returns:
            One line a difference. The order of hyperparameters does not matter, the order of
            a list does: Optuna's storage keeps a choice as its index in the list.
        """
        was = {each.name: each.setting for each in self.entries}
        now = {each.name: each.setting for each in other.entries}
        lines = [
            f"{name}: was {was.get(name, 'absent')}; now {now.get(name, 'absent')}"
            for name in dict.fromkeys([*was, *now])
            if was.get(name) != now.get(name)
        ]
        if self.network != other.network:
            lines.insert(0, f"network: was {self.network}; now {other.network}")
        if self.task != other.task:
            lines.insert(0, f"task: was {self.task}; now {other.task}")
        return lines

    def _set_entries(
        self, chosen: Mapping[str, Value], known: Mapping[str, Hyperparameter]
    ) -> tuple[Entry, ...]:
        """Returns the entries with the chosen values; also those the file could not apply."""
        given = {each.name: each for each in self.entries if each.given}
        for name, value in chosen.items():
            given[name] = Entry(hyperparameter=known[name], setting=Fixed(value=value), given=True)
        # An axis without a default, such as lr_decay_steps, is then left to the engine.
        kept = [each for each in given.values() if not (each.varies and self._left_out(each))]
        rest = default_entries(
            given, network=self.network, task=self.task, catalogue=self.catalogue
        )
        return (*kept, *rest)

    def _left_out(self, entry: Entry) -> bool:
        hyperparameter = entry.hyperparameter
        return hyperparameter.default_for(self.network) is None and bool(
            hyperparameter.default_text
        )

    def _default(self, entry: Entry) -> Value:
        default = entry.hyperparameter.default_for(self.network)
        if default is None:
            example = "".join(f", e.g. {entry.name}={each}" for each in entry.values[:1])
            rule = (
                f"varies and has no default; set it{example} (the study file has {entry.setting})"
            )
            raise InputError(rule, key=entry.name)
        return default


def _ends(axis: BaseDistribution) -> tuple[Value, ...]:
    """Returns all choices of an axis, or both ends of its range."""
    if isinstance(axis, CategoricalDistribution):
        return tuple(axis.choices)
    assert isinstance(axis, (FloatDistribution, IntDistribution))
    return axis.low, axis.high


def _read(hyperparameter: Hyperparameter, given: object) -> Value:
    try:
        return read_value(hyperparameter, given)
    except InputError as error:
        raise error.inside(key=hyperparameter.name) from None
