"""From a study file and some settings to the diagnosis of one configuration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from search_spaces.errors import InputError
from search_spaces.seeds import trial_seed
from study.diagnosis.diagnosis import Diagnosis, Explanation
from study.diagnosis.expectation import expectation
from study.diagnosis.layer_gradients import layer_gradients
from study.diagnosis.measuring import affordable_statistics, cost_of
from study.diagnosis.search import Attempt, Search, is_clear, search_remedies
from study.diagnosis.single_changes import Candidate
from study.diagnosis.trained import Trained
from study.diagnosis.training import train
from study.preflight.configuration import Preflight, preflight
from study.study_file import StudyConfig, load_study_file


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What is about to be trained, for whoever watches.

    Attributes:
        changes: Changes that are tried now; none while the configuration itself is trained.
        tried: Changes tried so far.
        total: Changes that there are to try.
        stable: Changes so far that work.
        seconds: Estimate of the time that all of it may take at most, from here on.
    """

    changes: tuple[str, ...]
    tried: int
    total: int
    stable: int
    seconds: float


Watch = Callable[[Moment], None]


def diagnose(
    study: StudyConfig | str | Path,
    hyperparameters: Mapping[str, object] | None = None,
    *,
    seeds: int = 5,
    steps: int | None = None,
    remedies: int = 3,
    code: Sequence[Path] = (),
    watch: Watch = lambda moment: None,
) -> Diagnosis:
    """Trains ONE configuration with several seeds, explains what happens and looks for remedies.

    Args:
        study: A study file or its path; gives task, network, steps and what is not set here.
        hyperparameters: Settings by name. What is not named is what the file fixes, or the
            catalogue's default where the file lets it vary.
        seeds: Seeds to train it with, >= 1.
        steps: Optimizer steps; None is the file's.
        remedies: Changes to look for if it is not stable; 0 looks for none.
        code: Folders of the person's own modules.
        watch: Called before each training.

    Raises:
        InputError: If the study file or a setting breaks a rule.
        TrainingError: If training the configuration raises.
    """
    if seeds < 1 or remedies < 0:
        raise InputError(
            f"`seeds >= 1` and `remedies >= 0` must hold, but got {seeds} and {remedies}"
        )
    config = study if isinstance(study, StudyConfig) else load_study_file(study)
    if steps is not None:
        config = config.with_steps(steps)
    checked, settings = preflight(config, code=code), dict(hyperparameters or {})
    values = config.space.complete(settings)
    checked.check(values)
    notices = tuple(checked.task_notices(values))
    seconds = checked.seconds(values) * seeds
    watch(Moment(changes=(), tried=0, total=0, stable=0, seconds=seconds))
    drawn = [trial_seed(config.seed, number) for number in range(seeds)]
    statistics = affordable_statistics(checked, values, seeds)
    (trained,) = train(checked, [values], seeds=drawn, statistics=statistics)
    search = None
    if remedies and not is_clear(trained.stable, seeds):
        each_s = float(trained.trials["train_seconds"].median())
        each_s /= 1 + cost_of(statistics, checked, values)
        search = _search(checked, settings, trained, drawn, remedies, each_s, watch)
    return _diagnosis(checked, trained, search, notices)


def _search(
    checked: Preflight,
    settings: Mapping[str, object],
    trained: Trained,
    seeds: Sequence[int],
    wanted: int,
    each_s: float,
    watch: Watch,
) -> Search:
    def report(now: Sequence[Candidate], before: Sequence[Attempt], total: int) -> None:
        watch(_moment(now, before, total=total, seeds=len(seeds), wanted=wanted, each_s=each_s))

    return search_remedies(checked, settings, trained, seeds=seeds, wanted=wanted, watch=report)


def _moment(
    now: Sequence[Candidate],
    before: Sequence[Attempt],
    *,
    total: int,
    seeds: int,
    wanted: int,
    each_s: float,
) -> Moment:
    """Returns how far the search has come while the changes of ``now`` are trained."""
    stable = sum(attempt.longer is not None and not attempt.lost for attempt in before)
    # Most changes cost what the configuration does, and fail with the first seed.
    trainings = total - len(before) + max(0, wanted - stable) * seeds
    return Moment(
        changes=tuple(str(candidate.changes) for candidate in now),
        tried=len(before),
        total=total,
        stable=stable,
        seconds=each_s * trainings,
    )


def _diagnosis(
    checked: Preflight, trained: Trained, search: Search | None, notices: tuple[str, ...]
) -> Diagnosis:
    config = checked.config
    verdicts = list(trained.verdicts)
    rate = trained.hyperparameters["learning_rate"]
    assert isinstance(rate, (int, float))
    return Diagnosis(
        study=config.study,
        task=config.task,
        network=config.network,
        metric=checked.task.metric_name,
        steps_planned=config.steps,
        trained=trained,
        explanations=_explanations(trained.trials, verdicts),
        gradients=layer_gradients(trained.layers),
        expectation=expectation(trained.trials, verdict=verdicts[0], learning_rate=float(rate)),
        flags=_noticed(trained.trials, "flags"),
        alarms=_noticed(trained.trials, "alarms"),
        search=search,
        notices=notices,
    )


def _explanations(trials: pd.DataFrame, verdicts: Sequence[str]) -> tuple[Explanation, ...]:
    explanations = []
    for verdict in verdicts:
        mine = trials[trials["verdict"] == verdict].sort_values(
            ["delta_ratio_final", "metric_final"], kind="stable"
        )
        text = str(mine["explanation"].iloc[(len(mine) - 1) // 2])
        explanations.append(Explanation(verdict=verdict, seeds=len(mine), text=text))
    return tuple(explanations)


def _noticed(trials: pd.DataFrame, column: str) -> dict[str, int]:
    """Returns the names that a column of lists holds, and in how many rows."""
    if column not in trials:
        return {}
    names = [name for text in trials[column].dropna() for name in text.split(",") if name]
    return dict(Counter(names).most_common())
