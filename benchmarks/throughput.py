"""Trials per second of `gradscape run` against the hand-written stack, in one invocation.

Measures: wall-clock time of the same trials (digits MLPs of the demo's study file: same sampler,
seed, hyperparameters and steps) through
  - the stack that people glue together: a plain per-trial training function under Ray Tune with
    OptunaSearch and MLflowLoggerCallback, actors reused, as many trials at once as gradscape has
    workers, gradient norms by layer reported every 20 steps;
  - gradscape, with its per-layer statistics, tables, MLflow runs and Optuna storage on.
Both use one running Ray and an existing MLflow data base (SQLite). The clock starts when the first
trial starts to train, so that Ray's and its workers' start-up count on neither side (they are told
as `start-up`), and stops when everything is logged.

    python benchmarks/throughput.py                       128 and 512 trials, 2 workers
    python benchmarks/throughput.py --trials 64 --json    one size, figures for scripts
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.update(
    {
        "RAY_USAGE_STATS_ENABLED": "0",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "RAY_AIR_NEW_OUTPUT": "0",
        "OMP_NUM_THREADS": "1",
        # What gradscape sets for a Ray that it starts itself; here both sides have it.
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    }
)

REPORT_EVERY = 20


def note_start(folder: Path) -> None:
    """Leaves a file behind whose name is the time."""
    (folder / f"{time.time():.6f}").touch()


def first_start(folder: Path) -> float:
    """When the first trial started to train."""
    return min(float(path.name) for path in folder.iterdir())


def train_one(config: dict[str, Any], fixed: Mapping[str, Any], steps: int, starts: Path) -> None:
    """One trial as people write it: torch.nn, torch.optim, a loop, tune.report."""
    import torch
    from ray import tune
    from torch.optim import SGD

    from study.engine import NETWORKS, TASKS
    from study.engine.initializations import initialize

    note_start(starts)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    values = {**fixed, **config}
    task = TASKS["digits"]()
    network = NETWORKS["mlp"](values, task)
    start = initialize(network, values, torch.Generator().manual_seed(0))
    network.load_state_dict({name: value.float() for name, value in start.items()})
    inputs = task.inputs.float()
    optimizer = SGD(
        network.parameters(),
        lr=values["learning_rate"],
        momentum=values["momentum"],
        weight_decay=values.get("weight_decay", 0.0),
    )
    schedule = _schedule(optimizer, values, steps)
    limit = values.get("clip_norm", "none")
    clip = float("inf") if limit == "none" else limit
    for step in range(steps):
        batch = torch.randint(task.examples, (values["batch_size"],))
        optimizer.zero_grad()
        outputs = network(inputs[batch])
        loss = torch.nn.functional.cross_entropy(outputs, task.targets[batch])
        loss.backward()
        if (step + 1) % REPORT_EVERY == 0:
            figures = {
                f"grad_norm/{name.replace('.', '_')}": parameter.grad.norm().item()
                for name, parameter in network.named_parameters()
                if name.endswith("weight")
            }
            accuracy = (outputs.argmax(1) == task.targets[batch]).float().mean().item()
            tune.report({"loss": loss.item(), "accuracy": accuracy, **figures})
        torch.nn.utils.clip_grad_norm_(network.parameters(), clip)
        optimizer.step()
        schedule.step()


def _schedule(optimizer: Any, values: Mapping[str, Any], steps: int) -> Any:
    from torch.optim import lr_scheduler

    every = max(1, steps // 3)
    return {
        "constant": lambda: lr_scheduler.ConstantLR(optimizer, factor=1.0),
        "exponential": lambda: lr_scheduler.ExponentialLR(optimizer, gamma=0.1 ** (1 / every)),
        "step": lambda: lr_scheduler.StepLR(optimizer, step_size=every, gamma=0.1),
        "cosine": lambda: lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps),
    }[values.get("lr_decay", "constant")]()


@dataclass(frozen=True, kw_only=True)
class Noted:
    """Trains cohorts as gradscape does, and notes when."""

    train: Any
    starts: Path

    def __call__(self, cohort: Any) -> bytes:
        note_start(self.starts)
        payload: bytes = self.train(cohort)
        return payload


@dataclass(frozen=True, kw_only=True)
class NotedDispatcher:
    """Dispatches as gradscape does, and notes when training starts."""

    inner: Any
    starts: Path

    def run(self, queue: Any, train: Any, deliver: Any, *, stop: Any) -> None:
        """Implements `Dispatcher`."""
        self.inner.run(queue, Noted(train=train, starts=self.starts), deliver, stop=stop)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Seconds from the first trial's start to the end, and before."""

    seconds: float
    startup: float
    parts: Mapping[str, float]


def hand_written(config: Any, workers: int, folder: Path) -> Taken:
    """The glued stack."""
    from ray import tune
    from ray.air.integrations.mlflow import MLflowLoggerCallback
    from ray.tune.search.optuna import OptunaSearch

    from search_spaces.samplers import make_sampler

    space = config.space
    uri = f"sqlite:///{folder / 'hand-written.db'}"
    make_database(uri)
    starts = folder / "hand-written-starts"
    starts.mkdir()
    search = OptunaSearch(
        space=dict(space.axes),
        sampler=make_sampler(config.sampler, space=space, seed=config.seed, seeds=1),
        metric="loss",
        mode="min",
    )
    tuner = tune.Tuner(
        tune.with_resources(
            tune.with_parameters(
                train_one, fixed=dict(space.fixed), steps=config.steps, starts=starts
            ),
            {"cpu": 1},
        ),
        tune_config=tune.TuneConfig(
            search_alg=search,
            num_samples=config.trials,
            max_concurrent_trials=workers,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            name="hand-written",
            storage_path=str(folder / "tune"),
            callbacks=[MLflowLoggerCallback(tracking_uri=uri, experiment_name="hand-written")],
            verbose=0,
        ),
    )
    began = time.time()
    results = tuner.fit()
    ended = time.time()
    # Tune counts diverged trials as done; whatever raised would make the comparison unfair.
    assert len(results) == config.trials and not results.errors, results.errors
    first = first_start(starts)
    return Taken(seconds=ended - first, startup=first - began, parts={})


def gradscape(config: Any, workers: int, folder: Path) -> Taken:
    """The same trials through gradscape, and where the time went."""
    from study import run_study
    from study.dispatch import RayTuneDispatcher
    from study.tracking import default_tracking_uri

    home = folder / "home"
    home.mkdir()
    make_database(default_tracking_uri(home))
    starts = folder / "gradscape-starts"
    starts.mkdir()
    dispatcher = NotedDispatcher(inner=RayTuneDispatcher(workers=workers), starts=starts)
    began = time.time()
    result = run_study(config, home=home, dispatcher=dispatcher)
    ended = time.time()
    assert result.complete and result.trained == config.trials, result
    first = first_start(starts)
    return Taken(seconds=ended - first, startup=first - began, parts=result.seconds)


def make_database(uri: str) -> None:
    """MLflow's tables, whose first creation takes seconds that belong to neither side."""
    from study.tracking import MlflowTracker

    MlflowTracker.open(tracking_uri=uri, study="warm-up", study_file="").close("FINISHED")


def measure(trials: int, workers: int) -> dict[str, Any]:
    """Both sides on the same trials."""
    from study.study_file import StudyConfig, preset_text

    # Both sides train every trial to its last step, and no region is confirmed by further ones.
    text = preset_text("digits-mlp").replace("stop: decided", "stop: never")
    config = StudyConfig.from_text(text).with_trials(trials).model_copy(update={"confirm": 0})
    with tempfile.TemporaryDirectory() as folder:
        ours = gradscape(config, workers, Path(folder))
        theirs = hand_written(config, workers, Path(folder))
    other = ours.seconds * workers - ours.parts["training"]
    return {
        "trials": trials,
        "workers": workers,
        "hand_written_trials_per_s": trials / theirs.seconds,
        "gradscape_trials_per_s": trials / ours.seconds,
        "ratio": theirs.seconds / ours.seconds,
        "startup_s": {"hand_written": theirs.startup, "gradscape": ours.startup},
        "total_s": ours.seconds,
        "parts_s": {
            "training": ours.parts["training"],
            "asking": ours.parts["asking"],
            "tables": ours.parts["tables"],
            "tracking": ours.parts["tracking"],
            "telling": ours.parts["telling"],
            "dispatch": max(0.0, other),
        },
    }


def show(figures: Mapping[str, Any]) -> None:
    """For people."""
    workers, total = figures["workers"], figures["total_s"]
    startup = figures["startup_s"]
    print(f"{figures['trials']} trials, {workers} workers")
    for name in ("hand_written", "gradscape"):
        rate = figures[f"{name}_trials_per_s"]
        print(f"  {name:14s} {rate:7.2f} trials/s  (start-up {startup[name]:.1f} s, left out)")
    print(f"  ratio          {figures['ratio']:7.1f}")
    print(f"  where gradscape's {total:.1f} s on {workers} workers went:")
    for name, value in figures["parts_s"].items():
        print(f"    {name:10s} {value:7.2f} s  {_MEANINGS[name]}", flush=True)


_MEANINGS = {
    "training": "of the workers' time: stepping and labelling cohorts",
    "asking": "of the driver's: sampling through Optuna",
    "tables": "of the driver's: writing Parquet",
    "tracking": "of the driver's: logging to MLflow",
    "telling": "of the driver's: completing trials in Optuna",
    "dispatch": "of the workers': waiting for cohorts, handing in results, the end",
}


def main() -> None:
    """Runs both sides at every size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--trials", type=int, nargs="+", default=[128, 512])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    import ray

    ray.init(
        num_cpus=options.workers,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    measure(16, options.workers)  # Imports and first actors, on both sides.
    all_figures = []
    for trials in options.trials:
        figures = measure(trials, options.workers)
        all_figures.append(figures)
        if not options.json:
            show(figures)
    if options.json:
        print(json.dumps(all_figures))
    ray.shutdown()


if __name__ == "__main__":
    main()
