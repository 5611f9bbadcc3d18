"""Which part holds which trial, learnt once per part."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import pyarrow as pa

from study.tables.files import part_names, part_path, read_part
from study.tables.metadata import metadata_of
from study.tables.read_ahead import in_order

_TRIAL_ALONE = ("trial",)


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
        self._studies: dict[str, str] = {}
        self._texts: set[object] = set()

    def refresh(self, columns: Sequence[str] | None = _TRIAL_ALONE) -> dict[str, pa.Table]:
        """Reads the parts that appeared since the last time.

        Args:
            columns: What to read of them, `trial` among it; all columns if None.

        Returns:
            What was read, by part: who wants these columns of all parts need not open them again.
        """
        names = sorted(part_names(self._folder) - self._trials.keys())
        paths = [part_path(self._folder, name) for name in names]
        read = in_order(lambda path: read_part(path, columns), paths)
        tables = dict(zip(names, read, strict=True))
        for name, table in tables.items():
            self.add(name, tuple(table.column("trial").to_pylist()))
            self._note_study(name, table)
        self._scanned = True
        return tables

    def ensure(self) -> None:
        """Reads the folder if that was never done."""
        if not self._scanned:
            self.refresh()

    def add(self, name: str, trials: tuple[int, ...]) -> None:
        """Takes note of a part that was just written."""
        self._trials[name] = trials
        for trial in trials:
            self._owners[trial] = min(name, self._owners.get(trial, name))

    def studies(self) -> dict[str, str]:
        """The first part of each study that the parts name, by the study's name."""
        return dict(self._studies)

    def _note_study(self, name: str, table: pa.Table) -> None:
        text = frozenset(table.schema.metadata.items())
        if text not in self._texts:  # Most parts of a study say the same of it.
            self._texts.add(text)
            self._studies.setdefault(metadata_of(table.schema).study, name)

    def __contains__(self, name: str) -> bool:
        return name in self._trials

    def written_at(self, trials: Collection[int]) -> dict[int, float]:
        """When these trials were recorded, in seconds since 1970."""
        owners = {trial: self._owners[trial] for trial in trials}
        paths = {name: part_path(self._folder, name) for name in set(owners.values())}
        times = {name: path.stat().st_mtime for name, path in paths.items()}
        return {trial: times[name] for trial, name in owners.items()}

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

    def is_whole(self, name: str, trials: Collection[int]) -> bool:
        """Whether these trials of the part are all that it holds."""
        return len(trials) == len(self._trials[name])

    def names(self) -> list[str]:
        """The parts, sorted."""
        return sorted(self._trials)
