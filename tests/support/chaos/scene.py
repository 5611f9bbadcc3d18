"""One seed: the study is run while the faults of its plan happen, and what is left is counted."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import mlflow
import optuna
import pyarrow.parquet as pq

from analysis import load_trials
from tests.support import warm
from tests.support.chaos.plan import Fault, FaultKind, plan_faults
from tests.support.chaos.services import Services, services
from tests.support.chaos.study import NAME, differences, write_study
from tests.support.driver import ROOT, left_of
from tests.support.postgresql import PostgresServer

LAST_LINES = 15
"""Of a driver that ended by itself: its result, and what went wrong."""

MAY_END = 3
"""Times that a driver may end by itself and be started again, e.g. because PostgreSQL was away
in the moment in which it started; told with the result."""


@dataclass(kw_only=True)
class Outcome:
    """What became of one seed.

    Attributes:
        seed: Of the faults.
        injected: The faults that happened, with what was hit.
        lost: Trials missing in the tables, in Optuna (COMPLETE) or in MLflow (FINISHED).
        doubled: Trials that are there more than once, or that nobody asked for.
        wrong: In what the numbers differ from the undisturbed study's, or records disagree.
        ended_by_itself: What drivers said that ended before the study was done.
        left_over: Processes of drivers that are still there.
        seconds: From the first driver's start to the last one's end.
    """

    seed: int
    injected: list[str] = field(default_factory=list)
    lost: set[int] = field(default_factory=set)
    doubled: set[int] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    ended_by_itself: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether nothing of the faults can be seen in the end."""
        return not (self.lost or self.doubled or self.wrong or self.left_over)


class Scene:
    """The study, its driver and what disturbs it."""

    def __init__(
        self, made: Services, folder: Path, *, trials: int, seconds: float, direct: bool
    ) -> None:
        self._services = made
        self._folder = folder
        self._trials = trials
        addresses = f"storage: {made.storage}\ntracking_uri: {made.mlflow.uri}\n"
        if direct:  # Then workers write the runs.
            addresses += f"tracking: {{database: '{made.runs}'}}\n"
        self._file = write_study(folder, trials=trials, seconds=seconds, extra=addresses)
        self._process: warm.WarmProcess | None = None
        self._said: list[Path] = []
        self.home = folder / "gradscape"
        self.sessions: set[int] = set()

    @property
    def recorded(self) -> int:
        """Trials whose rows are on disk."""
        parts = (self.home / "studies" / NAME / "tables" / "trials").glob("*.parquet")
        return sum(pq.read_metadata(part).num_rows for part in parts)

    def start(self) -> None:
        """A driver, which goes on where an earlier one was."""
        temporary = self._folder / "temporary"
        temporary.mkdir(exist_ok=True)
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
            "RAY_ADDRESS": self._services.cluster.address,
            "TMPDIR": str(temporary),
        }
        said = Path(tempfile.mkdtemp(prefix="said-", dir=self._folder)) / "said"
        said.touch()
        self._said.append(said)
        self._process = warm.start(
            ["run", str(self._file), "--no-report"],
            folder=self._folder,
            environment=environment,
            out=said,
            err=said,
        )
        self.sessions.add(self._process.pid)

    def kill_driver(self) -> str:
        """SIGKILL to the driver, and the same command again."""
        assert self._process is not None
        pid = self._process.pid
        self._process.kill()
        self._process.wait()
        self.start()
        return f"process {pid}"

    def ended(self) -> int | None:
        """Exit code of the driver; None while it runs."""
        assert self._process is not None
        return self._process.poll()

    def last_words(self) -> str:
        """The last lines that a driver said."""
        said = "\n".join(one.read_text(errors="replace") for one in self._said)
        return "\n".join(said.strip().splitlines()[-LAST_LINES:])

    def end(self) -> None:
        """Ends a driver that is still there."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def run_seed(
    seed: int,
    *,
    postgresql: PostgresServer,
    reference: Path,
    trials: int,
    seconds: float = 0.05,
    outage_s: float = 30.0,
    limit_s: float = 1200.0,
    say: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Runs the study while the faults of a seed happen.

    Args:
        seed: Of the faults; the study's own seed is always the same. With an odd one the study
            names the data base behind the MLflow server.
        postgresql: A running server.
        reference: Home folder of the undisturbed study.
        trials: Of the study.
        seconds: What a step of training takes beside its arithmetic.
        outage_s: How long MLflow is away.
        limit_s: A study that takes longer has hung.
        say: Told of each fault.
    """
    outcome = Outcome(seed=seed)
    rng = random.Random(f"{seed} targets")
    with (
        tempfile.TemporaryDirectory(prefix="chaos-study-") as folder,
        services(postgresql) as made,
    ):
        direct = seed % 2 == 1
        scene = Scene(made, Path(folder), trials=trials, seconds=seconds, direct=direct)
        started = time.monotonic()
        try:
            scene.start()
            for fault in plan_faults(seed):
                _wait_for(scene, fault.at * trials, outcome, started + limit_s)
                what = _inject(fault, scene, made, rng, outage_s)
                outcome.injected.append(f"{fault.kind.value} ({what})")
                say(f"{time.monotonic() - started:6.1f} s  {outcome.injected[-1]}")
            _wait_for(scene, float("inf"), outcome, started + limit_s)
            outcome.seconds = time.monotonic() - started
        finally:
            scene.end()
        made.all_back()
        _count(outcome, scene, made, trials)
        outcome.wrong += differences(scene.home, reference)
        outcome.left_over = left_of(scene.sessions, timeout_s=90.0)
    return outcome


def _wait_for(scene: Scene, recorded: float, outcome: Outcome, deadline: float) -> None:
    """Until so many trials are recorded, or the study is done."""
    while True:
        code = scene.ended()
        if code == 0 or scene.recorded >= recorded:
            return
        if code is not None:
            outcome.ended_by_itself.append(scene.last_words())
            assert len(outcome.ended_by_itself) <= MAY_END, outcome.ended_by_itself
            scene.start()
        assert time.monotonic() < deadline, f"the study hangs: {scene.last_words()}"
        time.sleep(0.2)


def _inject(
    fault: Fault, scene: Scene, made: Services, rng: random.Random, outage_s: float
) -> str:
    if fault.kind is FaultKind.WORKER:
        return made.kill_worker(rng)
    if fault.kind is FaultKind.NODE_LEAVES:
        return made.remove_node(rng)
    if fault.kind is FaultKind.NODE_JOINS:
        return made.add_node()
    if fault.kind is FaultKind.POSTGRESQL:
        return made.restart_postgresql(rng)
    if fault.kind is FaultKind.DRIVER:
        return scene.kill_driver()
    return made.take_mlflow(outage_s, kill=fault.kind is FaultKind.MLFLOW_KILLED)


def _count(outcome: Outcome, scene: Scene, made: Services, trials: int) -> None:
    """What is in the tables, in Optuna and in MLflow."""
    parts = (scene.home / "studies" / NAME / "tables" / "trials").glob("*.parquet")
    rows = [
        n for part in parts for n in pq.read_table(part, columns=["trial"])["trial"].to_pylist()
    ]
    told = optuna.load_study(study_name=NAME, storage=made.storage).trials
    complete = [trial.number for trial in told if trial.state.name == "COMPLETE"]
    client = mlflow.MlflowClient(made.mlflow.uri)
    experiment = client.get_experiment_by_name(NAME)
    runs = _children(client, experiment.experiment_id)
    finished = [one for one in runs if one.info.status == "FINISHED"]
    for numbers in (rows, complete, [_trial(one) for one in finished]):
        _compare(outcome, numbers, trials)
    _compare(outcome, [trial.number for trial in told], trials)
    _compare(outcome, [_trial(one) for one in runs], trials)
    by_trial = {_trial(one): one.info.run_id for one in finished}
    table = load_trials(NAME, home=scene.home).set_index("trial")["mlflow_run_id"].to_dict()
    attributes = {trial.number: trial.user_attrs.get("mlflow_run_id") for trial in told}
    if not by_trial == table == attributes:
        outcome.wrong.append("tables, Optuna and MLflow name different runs")


def _compare(outcome: Outcome, numbers: Iterable[int], trials: int) -> None:
    counts = Counter(numbers)
    outcome.lost |= set(range(trials)) - counts.keys()
    outcome.doubled |= {n for n, count in counts.items() if count > 1 or not 0 <= n < trials}


def _children(client: mlflow.MlflowClient, experiment: str) -> list[mlflow.entities.Run]:
    runs: list[mlflow.entities.Run] = []
    token = None
    while True:
        page = client.search_runs([experiment], max_results=1000, page_token=token)
        runs += [run for run in page if "mlflow.parentRunId" in run.data.tags]
        token = page.token
        if not token:
            return runs


def _trial(run: mlflow.entities.Run) -> int:
    return int(run.data.tags["gradscape.trial"])
