"""Every single change that a configuration's network and task have, the most hopeful first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from search_spaces.catalogue import CATALOGUE, Hyperparameter, Value, is_own, network_of
from search_spaces.errors import InputError
from search_spaces.space import Choice, Entry, SearchSpace
from study.diagnosis.change import STEPS, Change, Changes
from study.diagnosis.moves import (
    MOVES,
    OWN_CAUSES,
    OWN_VALUE,
    UNAIMED_LIMIT,
    Move,
    family_of,
    move_values,
    present_value,
)
from study.diagnosis.situation import Situation

OWN_REASON = "another value of the study file's own list"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What may help, not yet tried.

    Attributes:
        changes: What it changes.
        hyperparameters: The whole configuration after it.
        steps: Optimizer steps that it is trained for.
    """

    changes: Changes
    hyperparameters: Mapping[str, Value]
    steps: int


def candidates(
    space: SearchSpace, settings: Mapping[str, object], situation: Situation
) -> list[Candidate]:
    """Lists what may be tried on the configuration that `space.complete(settings)` is.

    Args:
        space: The study's search space. Values need not lie on its axes, only in the
            hyperparameters' domains.
        settings: Hyperparameters that a person set; the rest is the study file's and the
            catalogue's.
        situation: What is known of its failure.

    Returns:
        In the order in which they are to be tried and listed: first what is the fix for the
        cause, by size, then the rest by size; what is meant for the verdict first among equals.
        No configuration comes twice, and no number goes the other way than the fix.
    """
    present = space.complete(settings)
    changes = [*_of_catalogue(space, present, situation), *_of_file(space, present, situation)]
    fixes = {change.way for change in changes if change.fix}
    distinct: list[Candidate] = []
    for change in sorted(changes, key=lambda each: (not each.fix, each.size, not each.aimed)):
        one = None
        if _is_tried(change, situation) and not _is_opposite(change, fixes):
            one = combined(space, settings, [change], steps=situation.steps)
        if one is not None and all(_differ(one, other) for other in distinct):
            distinct.append(one)
    return distinct


def combined(
    space: SearchSpace,
    settings: Mapping[str, object],
    changes: Sequence[Change],
    *,
    steps: int,
) -> Candidate | None:
    """Returns the configuration after the changes; None where they do not go together.

    Args:
        space: The study's search space.
        settings: Hyperparameters that the person set.
        changes: Each of another hyperparameter.
        steps: Number of the training's steps, where none of the changes is of them.
    """
    values: dict[str, Value] | None = space.complete(settings)
    kept = dict(settings)
    for change in changes:
        if change.hyperparameter == STEPS:
            assert isinstance(change.after, int)
            steps = change.after
            continue
        kept = _kept(space, kept, change) | {change.hyperparameter: change.after}
        try:
            values = space.complete(kept)
        except InputError:
            return None
    assert values is not None
    if any(values.get(each.hyperparameter, each.after) != each.after for each in changes):
        return None
    return Candidate(changes=Changes(tuple(changes)), hyperparameters=values, steps=steps)


def _differ(one: Candidate, other: Candidate) -> bool:
    return one.hyperparameters != other.hyperparameters or one.steps != other.steps


def _is_tried(change: Change, situation: Situation) -> bool:
    """Returns whether a change can have an effect, and is hopeful enough."""
    name, after = change.hyperparameter, change.after
    if name in situation.of_task:
        return False
    if name in ("clip_norm", "clip_value") and isinstance(after, (int, float)):
        return after < situation.grad_norm and _is_hopeful(change, situation)
    if name == "batch_size" and isinstance(after, (int, float)) and after > situation.examples:
        return False
    if name == "standardize" and after not in situation.standardizable:
        return False
    if name == "class_weights" and not situation.unbalanced:
        return False
    return _is_hopeful(change, situation)


def _is_opposite(change: Change, fixes: Collection[tuple[str, str]]) -> bool:
    """Returns whether a number goes down where up alone is the fix for the cause, or up for down.

    Where steps are too small to get anywhere, smaller ones would only cost the time to try them.
    """
    other = {"up": "down", "down": "up"}.get(change.direction)
    return (change.hyperparameter, other) in fixes and change.way not in fixes


def _is_hopeful(change: Change, situation: Situation) -> bool:
    own = change.reason == OWN_REASON
    if situation.reach == "own":
        return own or change.fix
    if situation.reach == "no updates" and _acts_through_updates(change):
        return False
    return own or change.fix or change.aimed or change.size <= UNAIMED_LIMIT


def _acts_through_updates(change: Change) -> bool:
    """Returns whether the first step's loss and gradient are what they were."""
    return family_of(change.hyperparameter) == "steps" or change.hyperparameter == "batch_size"


def _of_catalogue(
    space: SearchSpace, present: Mapping[str, Value], situation: Situation
) -> Iterator[Change]:
    for move in MOVES:
        before = present_value(move.hyperparameter, present, situation.steps)
        if before is None or not _is_meant(move, space, present):
            continue
        limit = situation.max_learning_rate
        for after in move_values(move, before, steps=situation.steps, limit=limit):
            yield Change(
                hyperparameter=move.hyperparameter,
                before=before,
                after=after,
                size=move.weight(before, after),
                reason=move.reason,
                aimed=situation.verdict in move.aims,
                fix=situation.cause in move.causes,
            )


def _is_meant(move: Move, space: SearchSpace, present: Mapping[str, Value]) -> bool:
    """Returns whether the configuration has what is moved, and moving it has an effect."""
    if move.hyperparameter == STEPS:
        return True
    if is_own(space.network) and _is_free(CATALOGUE[move.hyperparameter]):
        return False
    network = network_of(space.network, present)
    if move.networks is not None and network not in move.networks:
        return False
    return all(present.get(name, values[0]) in values for name, values in move.needs.items())


def _is_free(hyperparameter: Hyperparameter) -> bool:
    """Returns whether a network of the person's own decides which of its names it knows."""
    return hyperparameter.kind == "name" and hyperparameter.networks is not None


def _of_file(
    space: SearchSpace, present: Mapping[str, Value], situation: Situation
) -> Iterator[Change]:
    """Yields what the study file lists for what only an own network or an own task knows."""
    own_network = is_own(space.network)
    for entry in space.entries:
        before = present.get(entry.name)
        if before is None or not _is_own_choice(entry, own_network):
            continue
        assert isinstance(entry.setting, Choice)
        for after in _nearest_first(entry.setting.values, before):
            yield Change(
                hyperparameter=entry.name,
                before=before,
                after=after,
                size=OWN_VALUE,
                reason=OWN_REASON,
                aimed=True,
                fix=situation.cause in OWN_CAUSES,
            )


def _is_own_choice(entry: Entry, own_network: bool) -> bool:
    known = entry.name in CATALOGUE and not (own_network and _is_free(CATALOGUE[entry.name]))
    return isinstance(entry.setting, Choice) and not known


def _nearest_first(values: tuple[Value, ...], before: Value) -> list[Value]:
    def distance(value: Value) -> float:
        if isinstance(value, (int, float)) and isinstance(before, (int, float)):
            return abs(value - before)
        return 0.0

    return sorted((value for value in values if value != before), key=distance)


def _kept(space: SearchSpace, settings: Mapping[str, object], change: Change) -> dict[str, object]:
    """Returns the settings that stay.

    What belonged to the old value alone (momentum to sgd) goes; what belongs to the new one takes
    its default.
    """
    known = {each.name: each for each in space.catalogue}
    return {
        name: value
        for name, value in settings.items()
        if name not in known or not _belongs_to_other(known[name], change)
    }


def _belongs_to_other(hyperparameter: Hyperparameter, change: Change) -> bool:
    return any(
        condition.owner == change.hyperparameter and change.after not in condition.values
        for condition in hyperparameter.conditions
    )
