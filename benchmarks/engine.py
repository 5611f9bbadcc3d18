"""Time of a trial's step in the training engine against a plain loop over the same trials.

Measures, for each network: wall-clock time per trial and step of `train_cohort` with standard
statistics, against the same trials one by one as people write it (the same torch modules with
torch.optim, clip_grad_norm_, a scheduler, no statistics; recurrent cells step through time). Both
are warmed up, take turns, and the medians are told. Recurrent networks are also measured against
torch's own fused nn.RNN, nn.LSTM and nn.GRU. Also: the share of the batched-matmul rate that the
MLP reaches, measured on the same shapes; what the statistics cost; what a cohort costs half of
which diverges early.

On a GPU instead: cohorts of 64 to 4096 MLP trials, their trials per second, share of the card's
matmul rate, memory against the estimate, and the factor over one trial at a time.

    python benchmarks/engine.py                        all networks, one CPU core
    python benchmarks/engine.py --networks mlp rnn     some of them
    python benchmarks/engine.py --device cuda --json   on a GPU, figures for scripts
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from study.engine import NETWORKS, TASKS, Task, train_cohort
from study.engine.batches import BatchOrder
from study.engine.cost import trial_cost
from study.engine.initializations import initialize
from study.engine.networks.recurrence import Cell
from study.engine.seeds import initialization_generator
from study.engine.tasks.factory import make_task
from study.trial import Trial

RATES = (0.003, 0.01, 0.03)
CLIPS = ("none", 1.0, 10.0)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network on a task, at a size where its trials are typical for a study."""

    network: str
    task: str
    hyperparameters: Mapping[str, Any]
    steps: int
    trials: int
    required: float


CASES = {
    "mlp-relu": Case(
        network="mlp",
        task="digits",
        hyperparameters={"depth": 8, "width": 64, "activation": "relu"},
        steps=200,
        trials=64,
        required=3.0,
    ),
    "mlp-tanh": Case(
        network="mlp",
        task="digits",
        hyperparameters={"depth": 8, "width": 64, "activation": "tanh"},
        steps=200,
        trials=64,
        required=3.0,
    ),
    "rnn": Case(
        network="rnn",
        task="adding",
        hyperparameters={"depth": 1, "width": 64, "activation": "tanh", "sequence_length": 64},
        steps=100,
        trials=16,
        required=1.5,
    ),
    "lstm": Case(
        network="lstm",
        task="adding",
        hyperparameters={"depth": 1, "width": 64, "sequence_length": 64},
        steps=100,
        trials=16,
        required=1.5,
    ),
    "gru": Case(
        network="gru",
        task="adding",
        hyperparameters={"depth": 1, "width": 64, "sequence_length": 64},
        steps=100,
        trials=16,
        required=0.95,
    ),
    "cnn": Case(
        network="cnn",
        task="digits",
        hyperparameters={"depth": 6, "width": 16, "activation": "relu"},
        steps=100,
        trials=32,
        required=0.95,
    ),
    "resnet": Case(
        network="resnet",
        task="digits",
        hyperparameters={
            "depth": 3,
            "width": 16,
            "activation": "relu",
            "normalization": "batch",
        },
        steps=100,
        trials=16,
        required=0.95,
    ),
    "densenet": Case(
        network="densenet",
        task="digits",
        hyperparameters={
            "depth": 6,
            "width": 16,
            "growth_rate": 12,
            "activation": "relu",
            "normalization": "batch",
        },
        steps=200,
        trials=8,
        required=0.95,
    ),
    "transformer": Case(
        network="transformer",
        task="text",
        hyperparameters={
            "depth": 2,
            "width": 64,
            "heads": 4,
            "activation": "gelu",
            "normalization": "layer",
            "norm_position": "pre",
            "sequence_length": 32,
        },
        steps=200,
        trials=8,
        required=0.95,
    ),
}


def cohort(case: Case, trials: int) -> list[Trial]:
    """Trials that differ in learning rate, clipping and seed."""
    common = {
        "initialization": "xavier_normal",
        "momentum": 0.9,
        "optimizer": "sgd",
        "batch_size": 64,
        **case.hyperparameters,
    }
    return [
        Trial(
            number=number,
            configuration=number,
            seed=number,
            hyperparameters={
                **common,
                "learning_rate": RATES[number % 3],
                "clip_norm": CLIPS[number // 3 % 3],
            },
        )
        for number in range(trials)
    ]


class Fused(nn.Module):
    """torch's own recurrent network with a readout of the last time step."""

    def __init__(self, kind: type[nn.RNNBase], width: int, task: Task) -> None:
        super().__init__()
        self.recurrent = kind(task.inputs.shape[-1], width, batch_first=True)
        self.readout = nn.Linear(width, task.outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.readout(self.recurrent(inputs)[0][:, -1])
        return outputs


FUSED: dict[str, type[nn.RNNBase]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def fused_network(case: Case, task: Task) -> nn.Module:
    """What torch has for a recurrent case of one layer."""
    return Fused(FUSED[case.network], case.hyperparameters["width"], task)


def plain_network(case: Case, trial: Trial, task: Task) -> nn.Module:
    """The trial's network; its recurrent cells step through time."""
    network = NETWORKS[case.network](trial.hyperparameters, task)
    start = initialize(network, trial.hyperparameters, initialization_generator(trial.seed))
    network.load_state_dict({**network.state_dict(), **_singles(start)})
    for child in network.modules():
        if isinstance(child, Cell):
            child.kernel = None
    return network


def plain_loop(
    trials: Sequence[Trial],
    case: Case,
    task: Task,
    steps: int,
    device: torch.device,
    *,
    fused: bool = False,
) -> None:
    """The trials one after another, as people write it."""
    inputs, targets = _placed(task.inputs, device), task.targets.to(device)
    for trial in trials:
        values = trial.hyperparameters
        network = fused_network(case, task) if fused else plain_network(case, trial, task)
        network.to(device)
        parameters = list(network.parameters())
        optimizer = torch.optim.SGD(parameters, lr=float(values["learning_rate"]), momentum=0.9)
        schedule = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
        order = BatchOrder([trial.seed], examples=task.examples, batch_size=64, device=device)
        limit = float("inf") if values["clip_norm"] == "none" else float(values["clip_norm"])
        for step in range(steps):
            batch = order.batch(step)[0]
            optimizer.zero_grad()
            loss = task.loss(network(inputs[batch]), targets[batch]).mean()
            loss.backward()
            clip_grad_norm_(parameters, limit)
            optimizer.step()
            schedule.step()


def _placed(data: Tensor, device: torch.device) -> Tensor:
    return data.to(device, torch.float32 if data.is_floating_point() else data.dtype)


def _singles(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.float() for name, value in values.items()}


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
    rounds = 50

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
        train_cohort(some, task=task, network=NETWORKS[case.network], steps=case.steps)

    def plain() -> None:
        plain_loop(alone, case, task, case.steps, device)

    works: dict[str, Callable[[], object]] = {"engine": engine, "plain": plain}
    if case.network in FUSED:
        works["fused"] = lambda: plain_loop(alone, case, task, case.steps, device, fused=True)
    took = medians(works, repeats)
    per_step = {
        f"{name}_ms": 1e3 * seconds / (trials if name == "engine" else len(alone)) / case.steps
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


def measure_statistics(name: str, repeats: int) -> dict[str, float]:
    """What standard statistics cost over none, at 200 steps."""
    case = CASES[name]
    task = make_task(TASKS[case.task], {}, case.hyperparameters)
    some = cohort(case, min(case.trials, 16) if case.network != "mlp" else case.trials)

    def train(tier: str) -> Callable[[], object]:
        return lambda: train_cohort(
            some, task=task, network=NETWORKS[case.network], steps=200, statistics=tier
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
        Trial(
            number=one.number,
            configuration=one.configuration,
            seed=one.seed,
            hyperparameters={**one.hyperparameters, **(lost if one.number % 2 else {})},
        )
        for one in whole
    ]

    def train(some: Sequence[Trial]) -> Callable[[], object]:
        return lambda: train_cohort(some, task=task, network=NETWORKS["mlp"], steps=200)

    took = medians({"whole": train(whole), "half_lost": train(half)}, repeats)
    return {**took, "share": took["half_lost"] / took["whole"]}


def measure_cuda(sizes: Sequence[int], repeats: int) -> dict[str, Any]:
    """Cohorts of MLP trials on a GPU."""
    device = torch.device("cuda")
    case = CASES["mlp-relu"]
    task = TASKS["digits"]()
    module = NETWORKS["mlp"](cohort(case, 1)[0].hyperparameters, task)
    flops = chain_flops(module, 64) * case.steps
    alone = cohort(case, 2)
    plain_loop(alone, case, task, 20, device)
    one_s = timed(lambda: plain_loop(alone, case, task, case.steps, device), device) / len(alone)
    result: dict[str, Any] = {
        "device": torch.cuda.get_device_name(device),
        "plain_trial_s": one_s,
        "matmul_flops": matmul_rate((1, 4096, 4096, 4096), device),
    }
    for trials in sizes:
        some = cohort(case, trials)

        def engine(some: Sequence[Trial] = some) -> None:
            train_cohort(some, task=task, network=NETWORKS["mlp"], steps=case.steps, device=device)

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
    text = "  ".join(f"{key} {value:.4g}" for key, value in figures.items())
    print(f"{name:20s} {text}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--networks", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--json", action="store_true", help="figures as JSON on the output")
    options = parser.parse_args()
    if options.device == "cuda":
        result = measure_cuda((64, 256, 1024, 4096), options.repeats)
    else:
        result = measure_cpu(options.networks, options.repeats)
    if options.json:
        print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
