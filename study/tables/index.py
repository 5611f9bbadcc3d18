"""Which part holds which trial, learnt once per part."""

from __future__ import annotations

from pathlib import Path

from study.tables.files import part_names, part_path, read_part


class PartIndex:
    """Index of the trials in a folder of parts; parts never change, so each is read once.

    A trial that two parts hold (two drivers ran it) belongs to the part whose name sorts first,
    whatever the order in which they were found.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._trials: dict[str, tuple[int, ...]] = {}
        self._owners: dict[int, str] = {}
        self._scanned = False

    def refresh(self) -> None:
        """Reads the trial column of parts that appeared since the last time."""
        for name in sorted(part_names(self._folder) - self._trials.keys()):
            column = read_part(part_path(self._folder, name), ["trial"]).column("trial")
            self.add(name, tuple(column.to_pylist()))
        self._scanned = True

    def ensure(self) -> None:
        """Reads the folder if that was never done."""
        if not self._scanned:
            self.refresh()

    def add(self, name: str, trials: tuple[int, ...]) -> None:
        """Takes note of a part that was just written."""
        self._trials[name] = trials
        for trial in trials:
            self._owners[trial] = min(name, self._owners.get(trial, name))

    def __contains__(self, name: str) -> bool:
        return name in self._trials

    def trials(self) -> set[int]:
        """Every trial that some part holds."""
        return set(self._owners)

    def holds(self, trial: int) -> bool:
        """Whether some part holds the trial."""
        return trial in self._owners

    def owner(self, trial: int) -> str:
        """The part whose rows of the trial count."""
        return self._owners[trial]

    def owned(self, name: str) -> tuple[int, ...]:
        """The trials of a part that no other part owns, in order."""
        return tuple(sorted(t for t in set(self._trials[name]) if self._owners[t] == name))

    def doubled(self, name: str) -> bool:
        """Whether some rows of the part belong to another part."""
        return any(self._owners[trial] != name for trial in self._trials[name])

    def names(self) -> list[str]:
        """The parts, sorted."""
        return sorted(self._trials)
