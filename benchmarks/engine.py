"""Time of a trial's step in the training engine against a plain loop over the same trials.

Measures, for each network: wall-clock time per trial and step of `train_cohort` with standard
statistics, against the same trials one by one as people write it (the same torch modules with
torch.optim, clip_grad_norm_, a scheduler, no statistics; recurrent cells step through time). Both
are warmed up, take turns, and the medians are told. Recurrent networks are also measured against
torch's own fused nn.RNN, nn.LSTM and nn.GRU. Also: the share of the batched-matmul rate that the
MLP reaches, measured on the same shapes; what the statistics cost; what a cohort costs half of
which diverges early. With --chains instead: MLPs of several shapes against torch.func, compiled
and not, and JAX (`pip install jax`), which measure nothing (chain_engines.py), all on one core in
turn, their compiling left out; and how fast this core multiplies at best.

On a GPU instead: cohorts of 64 to 4096 MLP trials, their trials per second, share of the card's
matmul rate, memory against the estimate, and the factor over one trial at a time.

    python benchmarks/engine.py                        all networks, one CPU core
    python benchmarks/engine.py --networks mlp rnn     some of them
    python benchmarks/engine.py --chains               against torch.func and JAX
    python benchmarks/engine.py --device cuda --json   on a GPU, figures for scripts
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault(  # JAX; one core, as everything here.
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)

import torch
from chain_engines import chains, engines
from engine_cases import CASES, STEPS, cohort
from plain_loop import FUSED, plain_loop
from torch import nn

from study.engine import NETWORKS, TASKS, train_cohort
from study.engine.cost import trial_cost
from study.engine.tasks.factory import make_task
from study.trial import Trial

FIRST = 20
"""Steps whose losses are compared between engines; later ones drift apart by rounding."""


def timed(work: Callable[[], object], device: torch.device) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started


def medians(works: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of works that take turns, after one turn that warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            took = timed(work, torch.device("cpu"))
            if turn:
                seconds[name].append(took)
    return {name: statistics.median(some) for name, some in seconds.items()}


def matmul_rate(shape: tuple[int, int, int, int], device: torch.device) -> float:
    """FLOP/s of batched products (K, B, F) @ (K, F, G), the median of many."""
    k, b, f, g = shape
    left, right = torch.randn(k, b, f, device=device), torch.randn(k, f, g, device=device)
    out = torch.empty(k, b, g, device=device)
    rounds = max(1, min(50, int(1e10 / (2.0 * k * b * f * g))))

    def work() -> None:
        for _ in range(rounds):
            torch.bmm(left, right, out=out)

    timed(work, device)
    seconds = statistics.median(timed(work, device) for _ in range(15))
    return rounds * 2.0 * k * b * f * g / seconds


def chain_flops(module: nn.Module, batch: int) -> float:
    """Of a step of a chain: three products a layer, two for the first, whose input is data."""
    weights = [value.numel() for value in module.parameters() if value.ndim == 2]
    return batch * (6.0 * sum(weights) - 2.0 * weights[0])


def measure_case(name: str, repeats: int) -> dict[str, Any]:
    """Engine against plain loop on one CPU core."""
    case = CASES[name]
    trials = case.trials
    task = make_task(TASKS[case.task], {}, case.hyperparameters)
    some = cohort(case, trials)
    alone = some[:: trials // 2][:2]
    device = torch.device("cpu")

    def engine() -> None:
        train_cohort(some, task=task, network=NETWORKS[case.network], steps=STEPS)

    def plain() -> None:
        plain_loop(alone, case, task, STEPS, device)

    works: dict[str, Callable[[], object]] = {"engine": engine, "plain": plain}
    if case.network in FUSED:
        works["fused"] = lambda: plain_loop(alone, case, task, STEPS, device, fused=True)
    took = medians(works, repeats)
    per_step = {
        f"{name}_ms": 1e3 * seconds / (trials if name == "engine" else len(alone)) / STEPS
        for name, seconds in took.items()
    }
    result: dict[str, Any] = {
        **per_step,
        "ratio": per_step["plain_ms"] / per_step["engine_ms"],
        "required_ratio": case.required,
    }
    if "fused_ms" in per_step:
        result["ratio_to_fused"] = per_step["fused_ms"] / per_step["engine_ms"]
    if case.network == "mlp":
        module = NETWORKS["mlp"](some[0].hyperparameters, task)
        rate = chain_flops(module, 64) / (per_step["engine_ms"] / 1e3)
        matmul = matmul_rate((trials, 64, 64, 64), device)
        result |= {"flops": rate, "matmul_flops": matmul, "share_of_matmul": rate / matmul}
    return result


CHAINS: Mapping[str, tuple[Mapping[str, Any], int]] = {
    "relu, depth 8, width 64, cohort 64": ({"activation": "relu"}, 64),
    "tanh, depth 8, width 64, cohort 64": ({"activation": "tanh"}, 64),
    "relu, depth 2, width 64, cohort 64": ({"activation": "relu", "depth": 2}, 64),
    "relu, depth 8, width 16, cohort 64": ({"activation": "relu", "width": 16}, 64),
    "relu, depth 8, width 64, cohort 5": ({"activation": "relu"}, 5),
}
"""Hyperparameters of a row, beside those of mlp-relu, and trials of its cohort."""


def measure_chain(hyperparameters: Mapping[str, Any], trials: int, repeats: int) -> dict[str, Any]:
    """Milliseconds of a trial's step by engine, and by how much losses of any two differ."""
    case = CASES["mlp-relu"]
    case = dataclasses.replace(case, hyperparameters={**case.hyperparameters, **hyperparameters})
    task = make_task(TASKS[case.task], {}, case.hyperparameters)
    some = cohort(case, trials)
    others = engines(chains(some, task, STEPS))

    def engine() -> Any:
        return train_cohort(some, task=task, network=NETWORKS["mlp"], steps=STEPS)

    first = {name: train()[:FIRST].numpy() for name, train in others.items()}
    expected = engine().loss[:, :FIRST].T
    apart = max(float(abs(losses - expected).max()) for losses in first.values())
    plain = partial(plain_loop, some[:2], case, task, STEPS, torch.device("cpu"))
    took = medians({"plain loop": plain, **others, "gradscape": engine}, repeats)
    of_trials = {"plain loop": 2}
    figures = {
        name: 1e3 * seconds / of_trials.get(name, trials) / STEPS for name, seconds in took.items()
    }
    return {**figures, "losses apart": apart}


def measure_chains(repeats: int) -> dict[str, Any]:
    """All rows, and the rates of a large product and of one whose operands stay in the cache."""
    torch.set_num_threads(1)
    result: dict[str, Any] = {}
    for name, (hyperparameters, trials) in CHAINS.items():
        result[name] = measure_chain(hyperparameters, trials, repeats)
        _tell(name, result[name])
    device = torch.device("cpu")
    result["GFLOP/s"] = {
        "large product": matmul_rate((1, 2048, 2048, 2048), device) / 1e9,
        "cache-hot batch": matmul_rate((8, 64, 64, 64), device) / 1e9,
    }
    _tell("GFLOP/s", result["GFLOP/s"])
    return result


def measure_statistics(name: str, repeats: int) -> dict[str, float]:
    """What standard statistics cost over none."""
    case = CASES[name]
    task = make_task(TASKS[case.task], {}, case.hyperparameters)
    some = cohort(case, case.trials)

    def train(tier: str) -> Callable[[], object]:
        return lambda: train_cohort(
            some, task=task, network=NETWORKS[case.network], steps=STEPS, statistics=tier
        )

    took = medians({"minimal": train("minimal"), "standard": train("standard")}, repeats)
    return {**took, "cost": took["standard"] / took["minimal"] - 1}


def measure_retirement(repeats: int) -> dict[str, float]:
    """A cohort half of which diverges by step 10, against one that all trains."""
    case = CASES["mlp-relu"]
    task = TASKS["digits"]()
    whole = cohort(case, case.trials)
    lost = {"learning_rate": 1e6, "clip_norm": "none"}
    half = [
        dataclasses.replace(
            one, hyperparameters={**one.hyperparameters, **(lost if one.number % 2 else {})}
        )
        for one in whole
    ]

    def train(some: Sequence[Trial]) -> Callable[[], object]:
        return lambda: train_cohort(some, task=task, network=NETWORKS["mlp"], steps=STEPS)

    took = medians({"whole": train(whole), "half_lost": train(half)}, repeats)
    return {**took, "share": took["half_lost"] / took["whole"]}


def measure_cuda(sizes: Sequence[int], repeats: int) -> dict[str, Any]:
    """Cohorts of MLP trials on a GPU."""
    device = torch.device("cuda")
    case = CASES["mlp-relu"]
    task = TASKS["digits"]()
    module = NETWORKS["mlp"](cohort(case, 1)[0].hyperparameters, task)
    flops = chain_flops(module, 64) * STEPS
    alone = cohort(case, 2)
    plain_loop(alone, case, task, 20, device)
    one_s = timed(lambda: plain_loop(alone, case, task, STEPS, device), device) / len(alone)
    result: dict[str, Any] = {
        "device": torch.cuda.get_device_name(device),
        "plain_trial_s": one_s,
        "matmul_flops": matmul_rate((1, 4096, 4096, 4096), device),
    }
    for trials in sizes:
        some = cohort(case, trials)

        def engine(some: Sequence[Trial] = some) -> None:
            train_cohort(some, task=task, network=NETWORKS["mlp"], steps=STEPS, device=device)

        engine()
        torch.cuda.reset_peak_memory_stats(device)
        seconds = statistics.median(timed(engine, device) for _ in range(repeats))
        estimate = trial_cost(NETWORKS["mlp"], some[0].hyperparameters, task).memory_bytes
        shaped = matmul_rate((trials, 64, 64, 64), device)
        result[str(trials)] = {
            "trials_per_s": trials / seconds,
            "factor_over_one_by_one": one_s * trials / seconds,
            "share_of_matmul": trials * flops / seconds / result["matmul_flops"],
            "share_of_batched_matmul": trials * flops / seconds / shaped,
            "memory_bytes": torch.cuda.max_memory_allocated(device),
            "memory_estimate_bytes": trials * estimate,
        }
    return result


def measure_cpu(names: Sequence[str], repeats: int) -> dict[str, Any]:
    """All that one core can show."""
    torch.set_num_threads(1)
    result: dict[str, Any] = {}
    for name in names:
        result[name] = measure_case(name, repeats)
        _tell(name, result[name])
    for name in ("mlp-relu", "cnn"):
        if name in names:
            result[f"statistics {name}"] = measure_statistics(name, repeats)
            _tell(f"statistics {name}", result[f"statistics {name}"])
    if "mlp-relu" in names:
        result["retirement"] = measure_retirement(repeats)
        _tell("retirement", result["retirement"])
    return result


def _tell(name: str, figures: Mapping[str, Any]) -> None:
    text = "  ".join(f"{key} {value:.3g}" for key, value in figures.items())
    print(f"{name:20s} {text}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--networks", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--chains", action="store_true", help="MLPs against torch.func and JAX")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--json", action="store_true", help="figures as JSON on the output")
    options = parser.parse_args()
    if options.device == "cuda":
        result = measure_cuda((64, 256, 1024, 4096), options.repeats)
    elif options.chains:
        result = measure_chains(options.repeats)
    else:
        result = measure_cpu(options.networks, options.repeats)
    if options.json:
        print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
