"""How good a map is after so many trials, by the sampler that placed them.

Measures: the balanced error (mean over stable and all else of the share that is put on the wrong
side) of a map fitted to the first trials of each sampler, on trials that were drawn uniformly and
held out. The maps are made by three models that know no theory and treat all samplers alike -
extra trees, boosted trees, a support vector machine - and by the mean of what the three say, the
vote. Both sides weigh alike in the space: a class weighs one over its share there, which comes
from those trials of a sampler that are spread evenly (for random and qmc: all), because shares
among trials that were placed at a boundary say nothing of the space. Against: random, qmc, tpe.

    python benchmarks/boundary.py --cache boundary-cache         train what is missing, print
    python benchmarks/boundary.py digits-mlp --seeds 2 --json    one space, figures for scripts

Trials are trained by the product in this process and kept as Parquet in --cache. The seeds of
random are disjoint samples; a sampler that learns is asked for --batch trials at a time, all of
which are told before the next are asked.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

os.environ.update({"OMP_NUM_THREADS": "1"})

import numpy as np
import optuna
import pandas as pd
from boundary_spaces import LabelledSpace, labelled_spaces, pool, trials_frame, write
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.svm import SVC

from search_spaces import make_sampler
from search_spaces.samplers import BoundarySampler, SpaceVersion, SpaceVersions
from search_spaces.samplers.boundary.axes import Encoder
from search_spaces.samplers.boundary.of_space import boundary_sampler
from search_spaces.samplers.boundary.schedule import SPACE_FILLING
from search_spaces.space import SearchSpace

Floats = NDArray[np.float64]

HELD_OUT, HELD_OUT_SEED = 2048, 1000
SIZES = (64, 128, 256, 384, 512, 768, 1024, 1536, 2048)
MOST: Mapping[str, int] = {"random": 2048, "qmc": 1024, "tpe": 512, "boundary": 512, "plain": 512}
"""Trials of each sampler; `plain` is boundary without what theory expects in its model."""

COMPARED = ("random", "qmc", "tpe", "boundary")
"""Those that are run unless others are named."""

STABLE = "stable"


def is_even(number: int) -> bool:
    """Whether the boundary sampler places a trial evenly: a rule of its number."""
    return BoundarySampler().design(number) == SPACE_FILLING


def adaptive(
    labelled: LabelledSpace, *, sampler: str, seed: int, trials: int, batch: int, cache: Path
) -> pd.DataFrame:
    """The first trials of a sampler that learns, labelled; kept for the next time.

    A study that was begun is taken up: its trials are added as they were, and the sampler goes
    on from there.

    Args:
        labelled: The space.
        sampler: tpe, boundary or plain.
        seed: Of the study.
        trials: How many.
        batch: Asked before any of them is told.
        cache: Folder of the Parquet files.
    """
    file = cache / f"{labelled.name}-{sampler}-{seed}.parquet"
    known = pd.read_parquet(file) if file.exists() else pd.DataFrame()
    if len(known) >= trials:
        return known.head(trials)
    space = labelled.space
    study = optuna.create_study(sampler=_sampler(sampler, space, seed))
    for row in known.to_dict("records"):
        study.add_trial(_finished(labelled, row))
    while len(study.trials) < trials:
        asked = {}
        for _ in range(min(batch, trials - len(study.trials))):
            trial = study.ask()
            space.suggest(trial)
            asked[trial.number] = trial
        labels = labelled.labels({n: each.params for n, each in asked.items()}, seed=seed)
        for number, trial in asked.items():
            verdict, value = labels[number]
            trial.set_user_attr("verdict", verdict)
            study.tell(trial, value)
        print(f"{labelled.name} {sampler} {seed}: {len(study.trials)}", file=sys.stderr)
        found = study.get_trials(deepcopy=False)
        verdicts = [each.user_attrs["verdict"] for each in found]
        whole = trials_frame(labelled, [each.params for each in found], verdicts)
        write(whole.assign(value=[each.value for each in found]), file)
    return pd.read_parquet(file)


def _sampler(name: str, space: SearchSpace, seed: int) -> optuna.samplers.BaseSampler:
    if name != "plain":
        return make_sampler(name, space=space, seed=seed, seeds=1)
    whole = SpaceVersions([SpaceVersion(space=space, first=0)])
    return boundary_sampler(whole, seed=seed, physics=False)


def _finished(labelled: LabelledSpace, row: Mapping[str, object]) -> optuna.trial.FrozenTrial:
    params = setting(labelled, row)
    return optuna.create_trial(
        params=params,
        distributions={name: labelled.space.axes[name] for name in params},
        value=float(str(row["value"])),
        user_attrs={"verdict": row["verdict"]},
    )


def setting(labelled: LabelledSpace, row: Mapping[str, object]) -> dict[str, object]:
    """The values on the axes of a row of a cached table."""
    found: dict[str, object] = {}
    for name, axis in labelled.space.axes.items():
        value = row[name]
        if value is None or value != value:
            continue
        if isinstance(axis, optuna.distributions.CategoricalDistribution):
            value = next(one for one in axis.choices if str(one) == str(value) or one == value)
        found[name] = value
    return found


def matrix(labelled: LabelledSpace, table: pd.DataFrame) -> Floats:
    """The trials as the judges see them: plain hyperparameters."""
    encoder = Encoder(labelled.space.axes)
    rows = [encoder.row(setting(labelled, row)) for row in table.to_dict("records")]
    return np.array(rows) * encoder.scales


def errors(
    known: Floats,
    stable: NDArray[np.bool_],
    even: NDArray[np.bool_],
    held: Floats,
    truth: NDArray[np.bool_],
) -> dict[str, float]:
    """Balanced error of each judge's map; half of the space's sides where one is not known."""
    if stable.all() or not stable.any():
        return dict.fromkeys(("trees", "boosting", "svm", "vote"), 0.5)
    share = float((stable[even].sum() + 0.5) / (even.sum() + 1))
    weight = np.where(stable, 0.5 / share, 0.5 / (1 - share))
    weight /= weight.mean()
    trees = ExtraTreesClassifier(200, min_samples_leaf=3, max_features=0.7, random_state=0)
    boosting = HistGradientBoostingClassifier(
        max_iter=150,
        learning_rate=0.08,
        max_leaf_nodes=15,
        min_samples_leaf=5,
        l2_regularization=1.0,
        random_state=0,
    )
    svm = SVC(C=3.0, gamma=0.1)
    for judge in (trees, boosting, svm):
        judge.fit(known, stable, sample_weight=weight)
    said = {
        "trees": trees.predict_proba(held)[:, 1],
        "boosting": boosting.predict_proba(held)[:, 1],
        "svm": expit(2 * svm.decision_function(held)),
    }
    said["vote"] = np.mean(list(said.values()), axis=0)
    return {
        judge: float((np.mean(chance[truth] <= 0.5) + np.mean(chance[~truth] > 0.5)) / 2)
        for judge, chance in said.items()
    }


def measure(
    labelled: LabelledSpace, *, samplers: Sequence[str], seeds: int, batch: int, cache: Path
) -> pd.DataFrame:
    """One row a sampler, seed, size and judge."""
    held = pool(labelled, design="random", seed=HELD_OUT_SEED, trials=HELD_OUT, cache=cache)
    held_X, truth = matrix(labelled, held), (held["verdict"] == STABLE).to_numpy()
    rows = []
    for sampler in samplers:
        for seed in range(seeds):
            started = time.process_time()
            most = MOST[sampler]
            if sampler in ("random", "qmc"):
                table = pool(labelled, design=sampler, seed=seed, trials=most, cache=cache)
            else:
                table = adaptive(
                    labelled, sampler=sampler, seed=seed, trials=most, batch=batch, cache=cache
                )
            known, stable = matrix(labelled, table), (table["verdict"] == STABLE).to_numpy()
            even = np.array(
                [sampler not in ("boundary", "plain") or is_even(n) for n in range(len(table))]
            )
            for size in (one for one in SIZES if one <= len(table)):
                first = slice(size)
                found = errors(known[first], stable[first], even[first], held_X, truth)
                for judge, error in found.items():
                    rows.append((labelled.name, sampler, seed, size, judge, error))
            seconds = time.process_time() - started
            print(f"{labelled.name} {sampler} {seed}: {seconds:.0f} s", file=sys.stderr)
    columns = ["space", "sampler", "seed", "trials", "judge", "error"]
    return pd.DataFrame(rows, columns=columns)


def main() -> None:
    options = _options()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    spaces = labelled_spaces()
    found = pd.concat(
        [
            measure(
                spaces[name],
                samplers=options.samplers,
                seeds=options.seeds,
                batch=options.batch,
                cache=options.cache,
            )
            for name in options.spaces or spaces
        ]
    )
    medians = found.groupby(["space", "judge", "sampler", "trials"])["error"].median()
    if options.json:
        print(json.dumps(found.to_dict("records")))
        return
    print(medians.unstack("trials").round(4).to_string())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("spaces", nargs="*", help="of boundary_spaces.py; default all")
    parser.add_argument("--samplers", nargs="+", choices=MOST, default=COMPARED)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=32, help="trials asked at a time")
    parser.add_argument("--cache", type=Path, default=Path("gradscape-boundary"))
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
