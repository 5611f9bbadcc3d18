"""From records of what was seen to the verdict: the same code that labels a study's trials."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from study.tables.schema import TRIAL_FIGURES, TRIAL_IDENTITY, TRIAL_LABELS
from study.verdicts import DEFAULT
from study.watching.record import RunRecord
from study.watching.reporting.goal import SURROGATE, Goal, goal_of, is_surrogate
from study.watching.reporting.remedies import remedies
from study.watching.reporting.result import RunResult, worst
from study.watching.reporting.rows import run_tables

_TAKEN = {column.name for column in (*TRIAL_IDENTITY, *TRIAL_LABELS, *TRIAL_FIGURES)}


def judge(
    records: Mapping[str, RunRecord],
    *,
    config: Mapping[str, object],
    chance_loss: float | None,
    target_loss: float | None,
    notices: Sequence[str],
) -> RunResult:
    """Labels what was seen.

    Args:
        records: By the name of the loss.
        config: What the owner says of the run.
        chance_loss: As the owner knows it; None to go by what was seen.
        target_loss: As the owner wants it.
        notices: What a person should know of how it was watched.

    Raises:
        ValueError: If no step was seen.
    """
    seen = [record for record in records.values() if record.steps]
    if not seen:
        raise ValueError(
            "no step was seen: call step(loss) right after optimizer.step(), with the optimizer "
            "that is watched"
        )
    frames = []
    for number, record in enumerate(seen):
        record.hyperparameters |= own_settings(config)
        if len(records) > 1:
            record.hyperparameters["loss_name"] = record.name
            record.input_rms = math.nan  # What one network is given may be what another made.
        goal = _goal(record, chance_loss, target_loss, contest=len(records) > 1)
        if len(records) == 1 and math.isnan(goal.target) and target_loss is None:
            notices = [*notices, SURROGATE]
        frames.append(run_tables(record, goal, DEFAULT, trial=number))
    trials, steps, layers = (
        pd.concat(parts, ignore_index=True) for parts in zip(*frames, strict=True)
    )
    row = trials.iloc[worst(trials)]
    record = seen[int(row["trial"])]
    name = f"{record.name}: " if record.name else ""
    return RunResult(
        verdict=str(row["verdict"]),
        cause=str(row["cause"]),
        explanation=f"{name}{row['explanation']}",
        remedies=remedies(str(row["cause"])),
        notices=(*notices, *_noticed(seen)),
        trials=trials,
        steps=steps,
        layers=layers,
    )


def _goal(
    record: RunRecord, chance_loss: float | None, target_loss: float | None, *, contest: bool
) -> Goal:
    chance = record.loss_chance if chance_loss is None else chance_loss
    losses = record.losses()
    if target_loss is None:
        contest = contest or is_surrogate(losses)
    else:
        contest = contest or math.isnan(target_loss)  # Its owner says that it tells of nothing.
    return goal_of(losses[0], chance, target=target_loss, contest=contest)


def _noticed(records: Sequence[RunRecord]) -> list[str]:
    from study.worker.still_parts import in_words

    notices = []
    for record in records:
        name = f"{record.name}: " if record.name else ""
        if record.still:
            notices.append(f"{name}what does not train: {in_words(record.still)}")
        if record.skipped:
            notices.append(
                f"{name}the scaler left out {record.skipped} steps whose gradients overflowed"
            )
        if not record.layers:
            notices.append(f"{name}no layer was seen: the model was not called before the step")
    return notices


def own_settings(config: Mapping[str, object]) -> dict[str, object]:
    """Returns what an owner says of a run as columns that its tables can have.

    What is no number, name or switch becomes text; a name that the tables use themselves is put
    behind `config_`.
    """
    found: dict[str, object] = {}
    for name, value in config.items():
        column = f"config_{name}" if name in _TAKEN else str(name)
        found[column] = value if isinstance(value, (bool, int, float, str)) else str(value)
    return found
