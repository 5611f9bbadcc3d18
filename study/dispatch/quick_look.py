"""A small cohort of each kind, before the long work begins."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from study.dispatch.groups import Group

SHARE = 0.05
"""Part of the work that goes into the look; kinds that are left are those that cost most."""


class QuickLook:
    """Chooses what is trained first, so that there are verdicts soon and times are measured.

    Args:
        smallest: Trials in a cohort of it; one alone where company gains them nothing.
    """

    def __init__(self, smallest: int) -> None:
        self._smallest = smallest
        self._seen: set[Hashable] = set()
        self._cost = 0.0

    def size(self, group: Group) -> int:
        """Trials of the group to look at."""
        return 1 if group.apart else self._smallest

    def next(self, groups: Mapping[Hashable, Group], unasked: int) -> Hashable | None:
        """The cheapest kind that was not looked at; None once the look has had its share.

        Args:
            groups: Trials that wait; at least one.
            unasked: Trials that are still to come, taken to be like those that wait.
        """
        unseen = [key for key in groups if key not in self._seen]
        if not unseen:
            return None
        key = min(unseen, key=lambda each: groups[each].cost)
        cost = self._cost + groups[key].cost * self.size(groups[key])
        waiting = sum(group.cost * len(group.trials) for group in groups.values())
        mean = waiting / sum(len(group.trials) for group in groups.values())
        if cost > SHARE * (self._cost + waiting + unasked * mean):
            return None
        self._seen.add(key)
        self._cost = cost
        return key
