"""Which MLflow run shows which trial."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa

from study.tables.files import part_names, part_path, read_part, write_part
from study.tables.schema import METADATA_KEY, SCHEMA_VERSION
from study.tables.staging import Staging


class RunParts:
    """Parts of `trial, mlflow_run_id`, written at delivery; the latest part of a trial counts."""

    def __init__(self, folder: Path, staging: Staging | None = None) -> None:
        self._folder = folder
        self._staging = staging
        self._read: set[str] = set()
        self._runs: dict[int, str] = {}

    def read(self) -> dict[int, str]:
        """Run id by trial; reads only parts that appeared since the last time."""
        self._read_new()
        return dict(self._runs)

    def _read_new(self) -> None:
        for name in sorted(part_names(self._folder) - self._read):
            columns = read_part(part_path(self._folder, name)).to_pydict()
            for trial, run in zip(columns["trial"], columns["mlflow_run_id"], strict=True):
                self._runs[trial] = run
            self._read.add(name)

    def of(self, trials: Iterable[int]) -> dict[int, str]:
        """Run id by trial, of these alone; looks for new parts only where one is not known."""
        wanted = set(trials)
        if not wanted <= self._runs.keys():
            self._read_new()
        return {trial: self._runs[trial] for trial in wanted if trial in self._runs}

    def write(self, runs: Mapping[int, str]) -> None:
        """Records the runs of trials that have none yet, or another.

        Raises:
            TableWriteError: If the system refuses to write.
        """
        if not self._read:
            self.read()
        new = {trial: run for trial, run in sorted(runs.items()) if self._runs.get(trial) != run}
        if not new:
            return
        digest = hashlib.sha256(json.dumps(new).encode()).hexdigest()[:8]
        name = f"{len(self._read):08d}-{digest}"
        table = pa.table(
            {
                "trial": pa.array(list(new), type=pa.int64()),
                "mlflow_run_id": pa.array(list(new.values()), type=pa.string()),
            },
            metadata={METADATA_KEY: json.dumps({"schema_version": SCHEMA_VERSION}).encode()},
        )
        write_part(part_path(self._folder, name), table, self._staging)
        self._read.add(name)
        self._runs.update(new)
