"""Watched loops: is the verdict right, and are the losses those of the same loop without a watch?

Six loops in the style of their frameworks' tutorials (`examples/watched/`), each healthy with four
seeds and broken in four ways: 48 trainings. What is right follows from how a loop was broken. The
rules were made while seed 0 was looked at; `--seeds 1 2 3` breaks the loops with others. Each is
trained twice, as it stands and without the lines that watch, and both must give the same losses to
the bit.

    python benchmarks/watched_loops.py                    # all; a quarter of an hour on one core
    python benchmarks/watched_loops.py --only mlp lstm
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from study.watching.watcher import Watch

LOOPS = Path(__file__).parent.parent / "examples" / "watched"

MARK = "# watch"
"""Ends the lines that were added to a loop."""

HEALTHY_SEEDS = 4

BROKEN = ("rate", "initialization", "nan", "part")

STILL = ({"stalled"}, {"still_part"})
TOO_LARGE = ({"exploding", "oscillating"}, {"large_steps", "killed_by_update"})
NOT_A_NUMBER = ({"exploding"}, {"loss_function"})
DEAD = ({"vanishing"}, {"dead_from_start"})
SHRINKING = ({"vanishing"}, {"shrinking_through_depth"})
GROWING = ({"exploding"}, {"growing_through_depth"})

RIGHT: dict[str, dict[str, tuple[set[str], set[str]]]] = {
    "mlp": {"initialization": SHRINKING, "part": STILL},
    "resnet": {"initialization": DEAD, "part": STILL},
    "lstm": {"initialization": SHRINKING, "part": STILL},
    "gan": {"initialization": DEAD, "part": STILL},
    "lightning_module": {"initialization": SHRINKING, "part": DEAD},
    "gpt2": {"initialization": GROWING, "part": STILL},
}
"""Loop -> how it was broken -> verdicts and causes that say so. A rate that is too large may kill
units at once; that the update did it is as right a cause."""

SHARED = {"rate": TOO_LARGE, "nan": NOT_A_NUMBER}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One training: what was said of it, whether that is right, whether its losses stayed."""

    verdict: str
    cause: str
    right: bool
    same: bool
    explanation: str


def without_watch(source: str) -> str:
    """Returns a loop without the lines that were added to it."""
    return "".join(line for line in source.splitlines(True) if not line.rstrip().endswith(MARK))


def added_lines(source: str) -> int:
    """Counts the lines that were added to a loop."""
    return sum(line.endswith(MARK) for line in source.splitlines())


@contextlib.contextmanager
def watches() -> Iterator[list[Watch]]:
    """Collects the watches that are made within the block."""
    made: list[Watch] = []
    original = Watch.__init__

    def noted(self: Watch, *args: object, **options: object) -> None:
        original(self, *args, **options)  # type: ignore[arg-type]
        made.append(self)

    Watch.__init__ = noted  # type: ignore[method-assign,assignment]
    try:
        yield made
    finally:
        Watch.__init__ = original  # type: ignore[method-assign]


def train_of(source: str, name: str) -> Callable[[str, int], list[float]]:
    """Runs a loop's source and returns its `train`."""
    space: dict[str, object] = {"__name__": f"watched_{name}"}
    exec(compile(source, f"{name}.py", "exec"), space)
    return space["train"]  # type: ignore[return-value]


def run(name: str, broken: str, seed: int) -> Outcome:
    """Trains a loop with and without its watch, and judges what was said."""
    source = (LOOPS / f"{name}.py").read_text(encoding="utf-8")
    with watches() as made, contextlib.redirect_stdout(io.StringIO()):
        watched = train_of(source, name)(broken, seed)
        alone = train_of(without_watch(source), name)(broken, seed)
    assert len(made) == 1, "only the loop as it stands has a watch"
    result = made[0].result()
    wanted = {**SHARED, **RIGHT[name], "": ({"stable"}, {"none"})}[broken]
    return Outcome(
        verdict=result.verdict,
        cause=result.cause,
        right=result.verdict in wanted[0] and result.cause in wanted[1],
        same=len(watched) == len(alone) and all(map(_same, watched, alone)),
        explanation=result.explanation,
    )


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=RIGHT, default=list(RIGHT))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], help="of broken loops")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    right = same = total = 0
    for name in options.only:
        lines = added_lines((LOOPS / f"{name}.py").read_text(encoding="utf-8"))
        print(f"{name}: {lines} lines added", flush=True)
        cases = [("", seed) for seed in range(HEALTHY_SEEDS)]
        cases += [(broken, seed) for broken in BROKEN for seed in options.seeds]
        for broken, seed in cases:
            outcome = run(name, broken, seed)
            total, right, same = total + 1, right + outcome.right, same + outcome.same
            marks = (
                f"{'right' if outcome.right else 'WRONG'} {'same' if outcome.same else 'DIFFERS'}"
            )
            label = f"{broken or 'healthy'}, seed {seed}"
            print(f"  {label:22} {marks:13} {outcome.verdict} {outcome.cause}", flush=True)
            if not outcome.right:
                print(f"      {outcome.explanation}", flush=True)
    print(f"verdict and cause right in {right} of {total}, losses identical in {same} of {total}")


if __name__ == "__main__":
    main()
