"""Faults of a home's first seconds: drivers killed, homes that share a server, a full disk.

Each seed is a new folder with all four scenes; a scene ends with the command of a person who
was told nothing but "the same command goes on", and with a count of what is there.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from tests.support.driver import Command
from tests.support.left_behind import mlflow_runs, optuna_trials
from tests.support.mlflow_tables import VARIABLE
from tests.support.small_study import small_study

TRIALS = 24
FIRST_S = 10.0
KILLS = 2
END_S = 1500.0
"""A driver takes seconds, on a machine that many share minutes."""
DISK_KB = (1200, 6000)

COUNTED = ("lost", "doubled", "claimed", "failed", "tracebacks")
"""What an outcome lists that must be empty."""


@dataclass(kw_only=True)
class HomeOutcome:
    """What became of one scene.

    Attributes:
        scene: Which.
        faults: What happened, and when.
        lost: Trials missing in the tables, in Optuna (COMPLETE) or in MLflow (FINISHED).
        doubled: Trials that are there more than once, or that nobody asked for.
        claimed: Runs that tables or Optuna name, and MLflow has as another study's or not at all.
        failed: What the last command of a study said that did not end with exit code 0.
        tracebacks: Lines of tracebacks that any command printed.
    """

    scene: str
    faults: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    claimed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing of the faults can be seen in the end."""
        return not any(getattr(self, name) for name in COUNTED)


class Scene:
    """Commands in one folder, and what they leave there."""

    def __init__(self, name: str, folder: Path) -> None:
        self.outcome = HomeOutcome(scene=name)
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, *, seed: int = 0, extra: str = "") -> Path:
        """A study file."""
        file = self.folder / f"{name}-{seed}.yaml"
        keys = {"steps": 8, "trials": TRIALS, "seed": seed, "resources": "{workers: 1}"}
        file.write_text(small_study(name, **keys) + extra)
        return file

    def start(self, file: Path, home: Path) -> Command:
        """A driver; MLflow makes its tables itself."""
        os.environ[VARIABLE] = "1"
        try:
            return Command(
                "run", file, "--local-mode", "--no-report", "--home", home, folder=self.folder
            )
        finally:
            del os.environ[VARIABLE]

    def kill_after(self, command: Command, seconds: float, what: str) -> None:
        """SIGKILL after so long, unless it has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            command.process.wait(seconds)
            self.outcome.faults.append(f"{what} had ended before {seconds:.1f} s")
            return
        command.kill()
        self.outcome.faults.append(f"{what} killed after {seconds:.1f} s")

    def finish(self, file: Path, home: Path, *, again: int = 1) -> None:
        """The same command until it is done; `again` times it may say that it is not."""
        for left in range(again, -1, -1):
            ended = self.start(file, home).end(END_S)
            self._look(ended.err)
            if ended.code == 0:
                return
            if not left:
                last = (ended.err.strip().splitlines() or [""])[-1]
                self.outcome.failed.append(f"{file.name}: exit code {ended.code}, {last}")

    def _look(self, text: str) -> None:
        if "Traceback" in text:
            self.outcome.tracebacks.append(text.strip().splitlines()[-1])

    def count(self, home: Path, study: str, *, uri: str | None = None, studies: int = 1) -> None:
        """Each trial once in the tables, in Optuna and in MLflow, which agree."""
        from analysis import load_trials

        where = f"{home.name}/{study}"
        parts = (home / "studies" / study / "tables" / "trials").glob("*.parquet")
        rows = [n for part in parts for n in pq.read_table(part)["trial"].to_pylist()]
        told = optuna_trials(home, study)
        complete = [trial.number for trial in told if trial.state.name == "COMPLETE"]
        _, runs = mlflow_runs(home, study, uri)
        finished = {run.info.run_id: run for run in runs if run.info.status == "FINISHED"}
        numbers = [int(run.data.tags["gradscape.trial"]) for run in runs]
        for what, found, each in (
            ("tables", rows, 1),
            ("Optuna", complete, 1),
            ("MLflow", numbers, studies),
        ):
            counts = Counter(found)
            self.outcome.lost += [
                f"{where}: trial {n} in {what}" for n in range(TRIALS) if counts[n] < each
            ]
            self.outcome.doubled += [
                f"{where}: trial {n} in {what}"
                for n, times in counts.items()
                if times > each or not 0 <= n < TRIALS
            ]
        for row in load_trials(study, home=home).to_dict("records"):
            run = finished.get(row["mlflow_run_id"])
            if run is None or run.data.tags["gradscape.seed"] != str(row["seed"]):
                self.outcome.claimed.append(f"{where}: trial {row['trial']}")


def kills_in_the_first_seconds(rng: random.Random, folder: Path) -> HomeOutcome:
    """The driver of a new home is killed, and killed again."""
    scene = Scene("kills in the first ten seconds", folder)
    file, home = scene.write("c"), folder / "home"
    for number in range(KILLS):
        scene.kill_after(scene.start(file, home), rng.uniform(0.0, FIRST_S), f"driver {number}")
    scene.finish(file, home)
    scene.count(home, "c")
    return scene.outcome


def two_homes_on_one_server(rng: random.Random, folder: Path) -> HomeOutcome:
    """Two people with studies of one name begin together; one of them is killed."""
    scene = Scene("two homes on one server", folder)
    uri = f"sqlite:///{folder / 'server.db'}"
    homes = {
        folder / f"home{seed}": scene.write("c", seed=seed, extra=f"tracking_uri: {uri}\n")
        for seed in (0, 7)
    }
    drivers = [scene.start(file, home) for home, file in homes.items()]
    killed = rng.randrange(2)
    scene.kill_after(drivers[killed], rng.uniform(0.0, FIRST_S), f"driver {killed}")
    drivers[1 - killed].end(END_S)
    for home, file in homes.items():
        scene.finish(file, home)
    for home in homes:
        scene.count(home, "c", uri=uri, studies=2)
    return scene.outcome


def three_studies_in_a_new_home(rng: random.Random, folder: Path) -> HomeOutcome:
    """They begin together, and one of them is killed."""
    scene = Scene("three studies in a new home", folder)
    home = folder / "home"
    files = {name: scene.write(name) for name in ("a", "b", "c")}
    drivers = {name: scene.start(file, home) for name, file in files.items()}
    killed = rng.choice(sorted(drivers))
    scene.kill_after(drivers.pop(killed), rng.uniform(0.0, FIRST_S), f"driver {killed}")
    for name, driver in drivers.items():
        if (ended := driver.end(END_S)).code != 0:
            scene.outcome.failed.append(f"{name}, undisturbed: {ended.err.strip()[-300:]}")
    scene.finish(files[killed], home)
    for name in files:
        scene.count(home, name)
    return scene.outcome


def disk_fills(rng: random.Random, folder: Path) -> HomeOutcome:
    """The home's disk is too small for the study, and has room again for the next command."""
    scene = Scene("disk full", folder)
    file, home = scene.write("c"), folder / "disk"
    with small_disk(home, rng.randint(*DISK_KB)) as kilobytes:
        ended = scene.start(file, home).end(END_S)
        scene.outcome.faults.append(f"{kilobytes} kB, exit code {ended.code}")
        scene._look(ended.err)
        subprocess.run(["mount", "-o", "remount,size=64m", str(home)], check=True)
        scene.finish(file, home)
        scene.count(home, "c")
    return scene.outcome


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[int]:
    """A disk of that size at the folder; needs root."""
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)], check=True
    )
    try:
        yield kilobytes
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


SCENES: tuple[Callable[[random.Random, Path], HomeOutcome], ...] = (
    kills_in_the_first_seconds,
    two_homes_on_one_server,
    three_studies_in_a_new_home,
    disk_fills,
)


def run_home_seed(seed: int, say: Callable[[str], None]) -> list[HomeOutcome]:
    """All scenes of a seed, each in a new folder.

    Args:
        seed: Of the times.
        say: Called with what happened in each scene.
    """
    outcomes = []
    for number, play in enumerate(SCENES):
        with tempfile.TemporaryDirectory(prefix="chaos-homes-") as folder:
            started = time.monotonic()
            outcome = play(random.Random(f"{seed} {number}"), Path(folder) / "scene")
            outcomes.append(outcome)
            faults = "; ".join(outcome.faults)
            say(f"{outcome.scene}: {faults}, {time.monotonic() - started:.0f} s")
            for name in COUNTED:
                for line in getattr(outcome, name)[:5]:
                    say(f"  {name}: {line}")
    return outcomes
