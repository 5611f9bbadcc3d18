"""Every single change that a configuration's network and task have, the smallest first."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from search_spaces.catalogue import CATALOGUE, Hyperparameter, Value, is_own
from search_spaces.catalogue.hyperparameter import NONE
from search_spaces.errors import InputError
from search_spaces.space import Choice, Entry, SearchSpace
from study.diagnosis.change import Change, Changes
from study.diagnosis.moves import MOVES, OWN_VALUE, UNAIMED_LIMIT, Move

OWN_REASON = "another value of the study file's own list"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What may help, not yet tried.

    Attributes:
        changes: What it changes; here a single one.
        hyperparameters: The whole configuration after it.
        steps: Optimizer steps that it is trained for.
    """

    changes: Changes
    hyperparameters: Mapping[str, Value]
    steps: int


def candidates(
    space: SearchSpace,
    settings: Mapping[str, object],
    *,
    steps: int,
    verdict: str,
    grad_norm: float = math.inf,
    of_task: Collection[str] = (),
) -> list[Candidate]:
    """Lists what may be tried on the configuration that `space.complete(settings)` is.

    Args:
        space: The study's search space. Values need not lie on its axes, only in the
            hyperparameters' domains.
        settings: Hyperparameters that a person set; the rest is the study file's and the
            catalogue's.
        steps: Number of the training's steps.
        verdict: The observed one; breaks ties.
        grad_norm: Largest gradient norm seen; to clip above it would change nothing.
        of_task: Hyperparameters of the task, which is given.

    Returns:
        In the order in which they are to be tried: by size, what is meant for the verdict first.
        No configuration comes twice.
    """
    present = space.complete(settings)
    changes = [
        change
        for each in (_of_catalogue(space, present, steps, verdict), _of_file(space, present))
        for change in each
        if change.hyperparameter not in of_task and (change.aimed or change.size <= UNAIMED_LIMIT)
    ]
    distinct: list[Candidate] = []
    for change in sorted(changes, key=lambda change: (change.size, not change.aimed)):
        if change.hyperparameter == "clip_norm" and _is_idle(change.after, grad_norm):
            continue
        values = _changed(space, settings, change)
        if values is not None and all(values != other.hyperparameters for other in distinct):
            one = Changes((change,))
            distinct.append(Candidate(changes=one, hyperparameters=values, steps=steps))
    return distinct


def _of_catalogue(
    space: SearchSpace, present: Mapping[str, Value], steps: int, verdict: str
) -> Iterator[Change]:
    for move in MOVES:
        before = present.get(move.hyperparameter)
        if before is None or not _is_meant(move, space, present):
            continue
        for after in _values(move, before, steps):
            yield Change(
                hyperparameter=move.hyperparameter,
                before=before,
                after=after,
                size=move.weight(before, after),
                reason=move.reason,
                aimed=verdict in move.aims,
            )


def _is_meant(move: Move, space: SearchSpace, present: Mapping[str, Value]) -> bool:
    """Returns whether the configuration has what is moved, and moving it has an effect."""
    if is_own(space.network) and _is_free(CATALOGUE[move.hyperparameter]):
        return False
    if move.networks is not None and space.network not in move.networks:
        return False
    return all(present.get(name, values[0]) in values for name, values in move.needs.items())


def _is_idle(limit: Value, grad_norm: float) -> bool:
    return isinstance(limit, (int, float)) and limit >= grad_norm


def _is_free(hyperparameter: Hyperparameter) -> bool:
    """Returns whether a network of the person's own decides which of its names it knows."""
    return hyperparameter.kind == "name" and hyperparameter.networks is not None


def _values(move: Move, before: Value, steps: int) -> list[Value]:
    """Returns the values that the move leads to, each once, none of them the present one."""
    integer = CATALOGUE[move.hyperparameter].kind == "integer"
    values: list[Value] = []
    if isinstance(before, (int, float)):
        values += [_scaled(before, factor, integer=integer) for factor in move.factors]
    values += [max(1, round(share * steps)) for share in move.shares]
    values += list(move.values)
    return [
        each for each in dict.fromkeys(values) if each != before and _beyond(move, before, each)
    ]


def _scaled(before: float, factor: float, *, integer: bool) -> Value:
    """Rounds to two significant digits, as a person writes it; a count down, at least to 1."""
    product = before * factor
    return max(1, math.floor(product)) if integer else float(f"{product:.2g}")


def _beyond(move: Move, before: Value, after: Value) -> bool:
    """Returns whether a number changes in the move's direction."""
    if move.falls is None:
        return True
    low, high = (after, before) if move.falls else (before, after)
    if NONE in (low, high):
        return high == NONE
    assert isinstance(low, (int, float)) and isinstance(high, (int, float))
    return low < high


def _of_file(space: SearchSpace, present: Mapping[str, Value]) -> Iterator[Change]:
    """Yields what the study file lists for hyperparameters that only an own network knows."""
    for entry in space.entries if is_own(space.network) else ():
        before = present.get(entry.name)
        if before is None or not _is_own_choice(entry):
            continue
        assert isinstance(entry.setting, Choice)
        for after in _nearest_first(entry.setting.values, before):
            yield Change(
                hyperparameter=entry.name,
                before=before,
                after=after,
                size=OWN_VALUE,
                reason=OWN_REASON,
                aimed=False,
            )


def _is_own_choice(entry: Entry) -> bool:
    known = entry.name in CATALOGUE and not _is_free(CATALOGUE[entry.name])
    return isinstance(entry.setting, Choice) and not known


def _nearest_first(values: tuple[Value, ...], before: Value) -> list[Value]:
    def distance(value: Value) -> float:
        if isinstance(value, (int, float)) and isinstance(before, (int, float)):
            return abs(value - before)
        return 0.0

    return sorted((value for value in values if value != before), key=distance)


def _changed(
    space: SearchSpace, settings: Mapping[str, object], change: Change
) -> dict[str, Value] | None:
    """Returns the configuration after the change; None where it is none.

    What belonged to the old value alone (momentum to sgd) goes; what belongs to the new one takes
    its default.
    """
    known = {each.name: each for each in space.catalogue}
    kept = {
        name: value
        for name, value in settings.items()
        if name not in known or not _belongs_to_other(known[name], change)
    }
    try:
        return space.complete({**kept, change.hyperparameter: change.after})
    except InputError:
        return None


def _belongs_to_other(hyperparameter: Hyperparameter, change: Change) -> bool:
    return any(
        condition.owner == change.hyperparameter and change.after not in condition.values
        for condition in hyperparameter.conditions
    )
