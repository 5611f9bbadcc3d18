"""Ends a study early, once its map has settled as `search_spaces.settling` says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from search_spaces.samplers.boundary.map_change import map_changes
from search_spaces.settling import MapChange, settled_at
from search_spaces.space import SearchSpace
from study.study_file import StopWhen, StudyConfig

STABLE = "stable"

Verdicts = Sequence[tuple[Mapping[str, Any], str]]
"""Values on the axes and verdict of each trial, ascending by number."""


class MapWatch:
    """Looks at the map every so many trials; a look costs some tenths of a second.

    Args:
        rule: `stop_when` of the study file: how little the map may change over how many trials.
        space: Gives the axes of the map.
        read: Reads the trials that have a verdict by now.
    """

    def __init__(self, rule: StopWhen, space: SearchSpace, read: Callable[[], Verdicts]) -> None:
        self._rule = rule
        self._space = space
        self._read = read
        self._looked = 0
        self._changes: list[MapChange] = []

    @classmethod
    def of(cls, config: StudyConfig, read: Callable[[], Verdicts]) -> MapWatch | None:
        """What the study file asks for; None if it does not."""
        rule = config.stop_when
        return None if rule is None else cls(rule, config.space, read)

    def settled(self, known: int) -> bool:
        """Returns whether the map has settled.

        Args:
            known: Number of trials that have a verdict; nothing is read before it has grown by
                a whole step.
        """
        look = known // self._rule.every
        if look > self._looked:
            self._looked = look
            verdicts = self._read()
            self._changes = map_changes(
                self._space.axes,
                [params for params, _ in verdicts],
                [verdict == STABLE for _, verdict in verdicts],
                every=self._rule.every,
                applying=self._space.applying,
                last=self._rule.looks,
            )
        since = settled_at(self._changes, below=self._rule.map_change, looks=self._rule.looks)
        return since is not None

    @property
    def text(self) -> str:
        """Says what the last looks found, for the person."""
        changes = ", ".join(f"{look.change:.2g}" for look in self._changes)
        return (
            f"the map has settled: doubling the trials changed it by {changes} on average in the "
            f"last looks, less than {self._rule.map_change:g}; no more are asked (stop_when)"
        )
