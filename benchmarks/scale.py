"""Whether a study's 100,000th trial costs what its 1,000th did: time, memory, and where both go.

A trivial study: two steps of gradient descent on a quadratic of three weights, standard
statistics, six axes of the sampler qmc, nine kinds of cohort; stepping takes microseconds a trial,
so that what is measured is everything around it. Sizes run one after the other, each in a process
of its own that has run a study of 256 trials before, so that imports and first-time costs count
nowhere:
  - in process, without MLflow and with it (SQLite), 1,000 to 100,000 trials, the largest with
    `tracking: {runs: sampled}` too;
  - through Ray, two workers, with MLflow;
  - through Ray, two workers, with MLflow's runs in PostgreSQL, on which an MLflow server of four
    processes stands: the study names the data base, then the server, then both ("beside": runs
    go into the data base, all else through the server). Needs Debian's postgresql.
Memory is the driver's resident set: its peak during the run less what it was before. CPU is the
driver's time on all its threads, which other programs on the machine disturb less than the clock;
"eighth tenth / second" compares both within one run (the first has the trials that are asked ahead
on top, the last lacks them). Reading a finished study (status, list,
resuming it, tables, report) is timed afterwards, in new processes.

    python benchmarks/scale.py                                     all sizes, tens of minutes
    python benchmarks/scale.py --trials 1000 10000 --through process --json
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cpu_time import CpuTime
from sampled import sampled

os.environ.update({"RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"})

STUDY = """
study: scale
task: quadratic
task_options: {eigenvalues: [1.0, 3.0, 10.0]}
network: linear
hyperparameters:
  optimizer: [sgd, rmsprop, adam]
  learning_rate: {low: 0.001, high: 1.0, log: true}
  lr_decay: [constant, cosine]
  weight_decay: {low: 1.0e-6, high: 0.1, log: true}
  clip_norm: [none, 1.0]
  batch_size: [1, 2, 3]
steps: 2
trials: 1000
"""

WARM_UP = 256
SERVICES = ("sqlite", "postgresql", "server", "beside")
READS = ("status", "list", "resume", "load_trials", "report")

RATIO_LIMIT, GROWTH_LIMIT_MB, RAY_TRIALS_PER_S = 1.3, 300.0, 40.0
TRACKED_PER_S = 150.0
"""Through Ray with PostgreSQL on two cores."""


@dataclass(kw_only=True)
class Watch:
    """Memory of this process, and time by trials recorded.

    Attributes:
        before_mb: Resident set at the start.
        peak_mb: Its highest value since.
        moments: (trials recorded, clock s, CPU s, resident MB).
    """

    before_mb: float = field(default_factory=lambda: resident_mb())
    peak_mb: float = 0.0
    moments: list[tuple[int, float, float, float]] = field(default_factory=list)

    def note(self, progress: Any) -> None:
        """For `run_study`'s `on_progress`."""
        last = self.moments[-1][0] if self.moments else -1
        if progress.recorded > last:
            now = (progress.recorded, time.perf_counter(), time.process_time(), resident_mb())
            self.moments.append(now)

    def share(self, first: float, last: float, what: int) -> float:
        """Clock (1) or CPU (2) seconds a trial between two shares of the run."""
        total = self.moments[-1][0]
        ends = [next(m for m in self.moments if m[0] >= part * total) for part in (first, last)]
        return (ends[1][what] - ends[0][what]) / max(1, ends[1][0] - ends[0][0])

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Around the run."""

        def look() -> None:
            self.peak_mb = max(self.peak_mb, resident_mb())

        with sampled(look, 0.05):
            yield


def resident_mb() -> float:
    """Resident set of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(kw_only=True)
class Timed:
    """Trains cohorts and counts the time that takes, labels and tables included."""

    train: Any
    seconds: float = 0.0

    def __call__(self, cohort: Any) -> bytes:
        started = time.perf_counter()
        payload: bytes = self.train(cohort)
        self.seconds += time.perf_counter() - started
        return payload


@dataclass(kw_only=True)
class TimedInProcess:
    """Implements `Dispatcher`: in process, with the time of training by itself."""

    seconds: float = 0.0

    def run(self, queue: Any, train: Any, deliver: Any, *, stop: Any) -> None:
        """Trains everything."""
        from study.dispatch import InProcessDispatcher

        timed = Timed(train=train)
        InProcessDispatcher().run(queue, timed, deliver, stop=stop)
        self.seconds = timed.seconds


def measure(
    trials: int,
    *,
    through: str,
    tracking: str,
    addresses: Mapping[str, str],
    others: Mapping[int, str],
    home: Path,
) -> dict[str, Any]:
    """One study in this process; `tracking` is none, all or sampled, `addresses` MLflow's."""
    from study import StudyConfig, run_study
    from study.dispatch import RayTuneDispatcher
    from study.tracking import NullTracker

    nowhere = lambda config, paths: NullTracker()  # noqa: E731
    more = f"tracking_uri: {addresses['uri']}\n" if "uri" in addresses else ""
    if tracking != "none":
        keys = {"runs": tracking, "database": addresses.get("database")}
        more += f"tracking: {json.dumps({key: value for key, value in keys.items() if value})}\n"

    def run(name: str, trials: int, watch: Watch) -> tuple[Any, float]:
        config = StudyConfig.from_text(STUDY.replace("study: scale", f"study: {name}") + more)
        place = TimedInProcess() if through == "process" else RayTuneDispatcher(workers=2)
        result = run_study(
            config.with_trials(trials),
            home=home,
            dispatcher=place,
            open_tracker=nowhere if tracking == "none" else None,
            on_progress=watch.note,
        )
        assert result.complete and result.trained == trials, result
        return result, getattr(place, "seconds", 0.0)

    run("warm-up", WARM_UP, Watch())
    watch, processes = Watch(), CpuTime(others)
    started, cpu_started = time.perf_counter(), time.process_time()
    with watch.sampling(), processes.sampling():
        result, in_training = run("scale", trials, watch)
    elapsed, cpu = time.perf_counter() - started, time.process_time() - cpu_started
    return {
        "trials": trials,
        "through": through,
        "mlflow": tracking,
        "seconds": elapsed,
        "cpu_s": cpu,
        "trials_per_s": trials / elapsed,
        "ms_per_trial": 1000 * elapsed / trials,
        "cpu_ms_per_trial": 1000 * cpu / trials,
        "before_mb": watch.before_mb,
        "peak_mb": watch.peak_mb,
        "growth_mb": watch.peak_mb - watch.before_mb,
        "eighth_over_second_tenth": watch.share(0.7, 0.8, 1) / watch.share(0.1, 0.2, 1),
        "eighth_over_second_tenth_cpu": watch.share(0.7, 0.8, 2) / watch.share(0.1, 0.2, 2),
        "parts_s": parts(result.seconds, in_training),
        "cpu_ms_by_process": {n: 1000 * s / trials for n, s in processes.seconds.items()},
    }


def parts(seconds: Mapping[str, float], in_training: float) -> dict[str, float]:
    """Where the time went; the driver's parts overlap with each other."""
    names = ("asking", "training", "tables", "tracking", "telling", "delivery", "report")
    told = {name: seconds.get(name, 0.0) for name in names}
    told["labelling"] = max(0.0, in_training - told["training"])
    inside = told["asking"] + max(in_training, told["training"] if in_training else 0.0)
    told["dispatch"] = max(0.0, seconds.get("dispatch", 0.0) - inside)
    return told


def read(what: str, home: Path) -> None:
    """What somebody does with a finished study."""
    from study import StudyConfig, run_study
    from study.monitoring.driver_record import read_record
    from study.paths import StudyPaths

    if what == "resume":
        record = read_record(StudyPaths(home=home, study="scale").driver_record)
        assert record is not None
        config = StudyConfig.from_text(STUDY).with_trials(record.trials)
        result = run_study(config, home=home)
        assert result.complete and not result.trained, result
    elif what == "load_trials":
        from analysis import load_trials

        load_trials("scale", home=home)
    elif what == "report":
        from analysis import write_report

        write_report("scale", home=home, out=home / "report")
    else:
        from study.commands.app import main as command

        names = ["scale"] if what == "status" else []
        sys.argv = ["gradscape", what, *names, "--home", str(home), "--json"]
        try:
            command()
        except SystemExit as ended:
            assert not ended.code, ended.code


def timed_read(what: str, home: Path) -> dict[str, float]:
    """Seconds and memory of `read`, imports left out, in this process."""
    import pandas  # noqa: F401

    import analysis
    import study.commands.app  # noqa: F401
    import study.run.run_study

    assert analysis and study
    watch = Watch()
    started = time.perf_counter()
    with watch.sampling():
        read(what, home)
    return {
        "seconds": time.perf_counter() - started,
        "growth_mb": watch.peak_mb - watch.before_mb,
    }


def in_new_process(arguments: Sequence[str]) -> dict[str, Any]:
    """Runs this file again and reads the last line that it prints."""
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


Size = tuple[int, str, str, str]
"""Trials, process or ray, tracking, and where MLflow's runs go: one of `SERVICES`."""


def measure_all(sizes: Sequence[Size]) -> list[dict[str, Any]]:
    """Every size in a process of its own, and reading what it left."""
    measured = []
    for trials, through, tracking, service in sizes:
        with (
            tempfile.TemporaryDirectory(prefix="gs-") as folder,
            tracked(service) as (where, pids),
        ):
            options = ["--one", str(trials), "--through", through, "--home", folder]
            options += ["--tracking", tracking]
            options += ["--addresses", json.dumps(where), "--others", json.dumps(pids)]
            figures = in_new_process(options)
            figures["service"] = service
            if service == "sqlite":
                figures["reads"] = {
                    what: in_new_process(["--read", what, "--home", folder]) for what in READS
                }
        measured.append(figures)
        show(figures)
    return measured


@contextmanager
def tracked(service: str) -> Iterator[tuple[dict[str, str], dict[int, str]]]:
    """The addresses that a study names, none for its home's own data base; the processes there."""
    if service == "sqlite":
        yield {}, {}
        return
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.support.mlflow_server import MlflowServer
    from tests.support.postgresql import postgres_server

    with postgres_server() as postgresql, tempfile.TemporaryDirectory() as folder:
        backend = postgresql.new_url()
        server = MlflowServer(Path(folder), backend=backend, options=["--workers", "4"])
        server.start()
        try:
            where = {"uri": backend if service == "postgresql" else server.uri}
            if service == "beside":
                where["database"] = backend
            yield where, {postgresql.pid: "PostgreSQL", server.pid: "MLflow's server"}
        finally:
            server.stop()


def show(figures: Mapping[str, Any]) -> None:
    """For people; on stderr, so that stdout is left to `--json`."""
    way = "through Ray" if figures["through"] == "ray" else "in process"
    lines = [
        f"{figures['trials']} trials, {way}, MLflow {figures['mlflow']} ({figures['service']})",
        f"  {figures['trials_per_s']:.1f} trials/s, {figures['ms_per_trial']:.2f} ms a trial, "
        f"{figures['cpu_ms_per_trial']:.2f} ms of the driver's CPU",
        f"  eighth tenth / second: {figures['eighth_over_second_tenth']:.2f} (clock), "
        f"{figures['eighth_over_second_tenth_cpu']:.2f} (CPU)",
        f"  memory {figures['before_mb']:.0f} MB before, {figures['peak_mb']:.0f} at the peak, "
        f"growth {figures['growth_mb']:.0f} MB",
        "  CPU, ms a trial: " + by_process(figures),
        "  seconds: "
        + ", ".join(f"{name} {value:.1f}" for name, value in figures["parts_s"].items()),
    ]
    if "reads" in figures:
        told = (
            f"{name} {one['seconds']:.2f} s, {one['growth_mb']:.0f} MB"
            for name, one in figures["reads"].items()
        )
        lines.append("  afterwards: " + "; ".join(told))
    print("\n".join(lines), file=sys.stderr, flush=True)


def by_process(figures: Mapping[str, Any]) -> str:
    """Where the CPU time went, and what two cores could do that did nothing else."""
    used: Mapping[str, float] = figures["cpu_ms_by_process"]
    total = sum(used.values())
    each = ", ".join(f"{name} {ms:.2f}" for name, ms in used.items())
    return f"{each}; in all {total:.2f}, so two cores can do {2000 / total:.0f} trials/s"


def judge(measured: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the targets say; those that are missed begin with "missed"."""
    lines = []
    by_way: dict[tuple[str, str, str], dict[int, Mapping[str, Any]]] = {}
    for one in measured:
        by_way.setdefault((one["through"], one["mlflow"], one["service"]), {})[one["trials"]] = one
    for (through, mlflow, service), sizes in by_way.items():
        way = f"{through}, MLflow {mlflow} ({service})"
        small, large = sizes[min(sizes)], sizes[max(sizes)]
        if small is not large:
            ratio = large["ms_per_trial"] / small["ms_per_trial"]
            cpu = large["cpu_ms_per_trial"] / small["cpu_ms_per_trial"]
            # In process CPU is the whole cost; through Ray the workers' would be left out.
            counts = cpu if through == "process" else ratio
            lines.append(
                f"{_met(counts <= RATIO_LIMIT)} {way}: cost of a trial at "
                f"{large['trials']} over {small['trials']}: {ratio:.2f} (clock), {cpu:.2f} (CPU); "
                f"at most {RATIO_LIMIT}"
            )
        growth = large["growth_mb"]
        lines.append(
            f"{_met(growth < GROWTH_LIMIT_MB)} {way}: growth {growth:.0f} MB at "
            f"{large['trials']}; less than {GROWTH_LIMIT_MB:.0f}"
        )
        if through == "ray" and mlflow != "none":
            rate = large["trials_per_s"]
            least = RAY_TRIALS_PER_S if service == "sqlite" else TRACKED_PER_S
            lines.append(
                f"{_met(rate >= least)} {way}: {rate:.1f} trials/s at "
                f"{large['trials']}; at least {least:.0f}"
            )
    return lines


def _met(true: bool) -> str:
    return "met   " if true else "missed"


def main() -> None:
    """Everything, or one part of it in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--trials", type=int, nargs="+", help="only these sizes")
    parser.add_argument("--through", choices=["process", "ray"], help="only this way")
    parser.add_argument("--tracking", choices=["none", "all", "sampled"], help="only this")
    parser.add_argument("--service", choices=SERVICES, help="only with MLflow's runs there")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--read", choices=READS, help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--addresses", default="{}", help=argparse.SUPPRESS)
    parser.add_argument("--others", default="{}", help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    if options.read:
        print(json.dumps(timed_read(options.read, options.home)))
        return
    if options.one:
        figures = measure(
            options.one,
            through=options.through,
            tracking=options.tracking,
            addresses=json.loads(options.addresses),
            others={int(pid): name for pid, name in json.loads(options.others).items()},
            home=options.home,
        )
        print(json.dumps(figures))
        return
    sizes: list[Size] = [
        *((n, "process", "none", "sqlite") for n in (1_000, 10_000, 100_000)),
        *((n, "process", "all", "sqlite") for n in (1_000, 10_000, 100_000)),
        (100_000, "process", "sampled", "sqlite"),
        *((n, "ray", "all", "sqlite") for n in (1_000, 10_000)),
        *((10_000, "ray", "all", service) for service in SERVICES[1:]),
    ]
    chosen = [
        size
        for size in sizes
        if options.trials is None or size[0] in options.trials
        if options.through in (None, size[1])
        if options.tracking in (None, size[2])
        if options.service in (None, size[3])
    ]
    measured = measure_all(chosen)
    for line in judge(measured):
        print(line, file=sys.stderr)
    if options.json:
        print(json.dumps(measured))


if __name__ == "__main__":
    main()
