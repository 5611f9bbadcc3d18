"""Trials per second of `gradscape run` against the hand-written stack, in one invocation.

Measures: wall-clock time of the same trials (digits MLPs of the demo's study file: same sampler,
seed, hyperparameters and steps) through
  - the stack that people glue together: a plain per-trial training function under Ray Tune with
    OptunaSearch and MLflowLoggerCallback, actors reused, as many trials at once as gradscape has
    workers, gradient norms by layer reported every 20 steps;
  - gradscape, with its per-layer statistics, tables, MLflow runs and Optuna storage on.
Both use one running Ray and an existing MLflow data base (SQLite), so neither start-up counts.

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
from pathlib import Path
from typing import Any

os.environ.update(
    {
        "RAY_USAGE_STATS_ENABLED": "0",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "RAY_AIR_NEW_OUTPUT": "0",
        "OMP_NUM_THREADS": "1",
    }
)

REPORT_EVERY = 20


def train_one(config: dict[str, Any], fixed: Mapping[str, Any], steps: int) -> None:
    """One trial as people write it: torch.nn, torch.optim, a loop, tune.report."""
    import torch
    from ray import tune
    from torch.optim import SGD

    from study.engine import NETWORKS, TASKS
    from study.engine.initializations import initialize

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
        weight_decay=values["weight_decay"],
    )
    schedule = _schedule(optimizer, values, steps)
    clip = float("inf") if values["clip_norm"] == "none" else values["clip_norm"]
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
    }[values["lr_decay"]]()


def hand_written(config: Any, workers: int, folder: Path) -> float:
    """Seconds of the glued stack."""
    from ray import tune
    from ray.air.integrations.mlflow import MLflowLoggerCallback
    from ray.tune.search.optuna import OptunaSearch

    from search_spaces.samplers import make_sampler

    space = config.space
    uri = f"sqlite:///{folder / 'hand-written.db'}"
    make_database(uri)
    search = OptunaSearch(
        space=dict(space.axes),
        sampler=make_sampler(config.sampler, space=space, seed=config.seed, seeds=1),
        metric="loss",
        mode="min",
    )
    tuner = tune.Tuner(
        tune.with_resources(
            tune.with_parameters(train_one, fixed=dict(space.fixed), steps=config.steps),
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
    started = time.perf_counter()
    results = tuner.fit()
    seconds = time.perf_counter() - started
    # Tune counts diverged trials as done; whatever raised would make the comparison unfair.
    assert len(results) == config.trials and not results.errors, results.errors
    return seconds


def gradscape(config: Any, workers: int, folder: Path) -> tuple[float, Mapping[str, float]]:
    """Seconds of the same trials through gradscape, and where they went."""
    from study import run_study
    from study.dispatch import RayTuneDispatcher
    from study.tracking import default_tracking_uri

    home = folder / "home"
    home.mkdir()
    make_database(default_tracking_uri(home))
    started = time.perf_counter()
    result = run_study(config, home=home, dispatcher=RayTuneDispatcher(workers=workers))
    seconds = time.perf_counter() - started
    assert result.complete and result.trained == config.trials, result
    return seconds, result.seconds


def make_database(uri: str) -> None:
    """MLflow's tables, whose first creation takes seconds that belong to neither side."""
    from study.tracking import MlflowTracker

    MlflowTracker.open(tracking_uri=uri, study="warm-up", study_file="").close("FINISHED")


def measure(trials: int, workers: int) -> dict[str, Any]:
    """Both sides on the same trials."""
    from study.study_file import StudyConfig, preset_text

    config = StudyConfig.from_text(preset_text("digits-mlp")).with_trials(trials)
    with tempfile.TemporaryDirectory() as folder:
        ours, parts = gradscape(config, workers, Path(folder))
        theirs = hand_written(config, workers, Path(folder))
    return {
        "trials": trials,
        "workers": workers,
        "hand_written_trials_per_s": trials / theirs,
        "gradscape_trials_per_s": trials / ours,
        "ratio": theirs / ours,
        "seconds": {"total": ours, **parts},
    }


def show(figures: Mapping[str, Any]) -> None:
    """For people."""
    workers = figures["workers"]
    seconds = dict(figures["seconds"])
    total = seconds.pop("total")
    print(f"{figures['trials']} trials, {workers} workers")
    print(f"  hand-written stack  {figures['hand_written_trials_per_s']:7.2f} trials/s")
    print(f"  gradscape           {figures['gradscape_trials_per_s']:7.2f} trials/s")
    print(f"  ratio               {figures['ratio']:7.1f}")
    print(f"  where gradscape's {total:.1f} s went (activities overlap):")
    for name, value in seconds.items():
        each = f"  ({value / workers / total:4.0%} of each worker)" if name == "training" else ""
        print(f"    {name:12s} {value:7.2f} s{each}", flush=True)


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
