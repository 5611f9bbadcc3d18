"""How a study goes on: with the space it has had, or with a changed one from a trial on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from search_spaces.errors import InputError
from search_spaces.samplers import SpaceVersion, SpaceVersions, make_sampler
from search_spaces.space import SearchSpace, build_space
from study.run.study_description import (
    Space,
    describe,
    differences,
    merged_space,
    space_changes,
    space_refusals,
)
from study.study_file import StudyConfig

VERSIONS_KEY = "generations"
"""Key of a description: the first trial and the space of each space version, where there are
several. Its `hyperparameters` are the latest's. The key is older than the word that the code has
for them, and stays: studies are stored with it."""


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """What the trials of a study are sampled from.

    Attributes:
        versions: From which trial on which space.
        description: Kept with the study.
        hyperparameters: What the tables say of their columns, all versions together.
        notice: What changed, and from which trial on; None if nothing did.
    """

    versions: SpaceVersions
    description: Mapping[str, Any]
    hyperparameters: Space
    notice: str | None = None


def plan_study(config: StudyConfig, stored: Mapping[str, Any], next_trial: int) -> StudyPlan:
    """How the study file's trials go on from those that the study has.

    Args:
        config: The study file.
        stored: The description that the study has; empty for a new study.
        next_trial: Number of trials that it has.

    Raises:
        InputError: If the study's trials and the file's cannot be one study; each difference is
            named.
    """
    if not stored:
        return _plan(config, [SpaceVersion(first=0, space=config.space)])
    now = config.space.metadata()
    refused = differences(stored, describe(config))
    before = _stored_versions(config, stored, refused)
    refused += space_refusals([each.space.metadata() for each in before], now)
    if refused:
        raise _other_study(config, refused)
    changes = space_changes(before[-1].space.metadata(), now)
    if not changes:
        return _plan(config, before)
    # A configuration's seeds stay together.
    first = -(-next_trial // config.seeds) * config.seeds
    if config.trials <= first:
        return _plan(config, before, notice=_no_effect(config, changes, first))
    kept = [each for each in before if each.first < first]
    if not kept or space_changes(kept[-1].space.metadata(), now):
        kept = [*kept, SpaceVersion(first=first, space=config.space)]
    _check_grid(config, kept, changes)
    notice = f"study {config.study}: from trial {first} on {'; '.join(changes)}"
    return _plan(config, kept, notice=notice if first > 0 else None)


def _plan(
    config: StudyConfig, versions: list[SpaceVersion], notice: str | None = None
) -> StudyPlan:
    spaces = [each.space.metadata() for each in versions]
    description = describe(config) | {"hyperparameters": spaces[-1]}
    if len(versions) > 1:
        description[VERSIONS_KEY] = [
            {"first": each.first, "hyperparameters": space}
            for each, space in zip(versions, spaces, strict=True)
        ]
    return StudyPlan(
        versions=SpaceVersions(versions),
        description=description,
        hyperparameters=merged_space(spaces),
        notice=notice,
    )


def _stored_versions(
    config: StudyConfig, stored: Mapping[str, Any], refused: list[str]
) -> list[SpaceVersion]:
    home = {name: str(stored.get(name)) for name in ("network", "task")}
    only = [{"first": 0, "hyperparameters": stored.get("hyperparameters", {})}]
    try:
        return [
            SpaceVersion(first=each["first"], space=_space(each["hyperparameters"], **home))
            for each in stored.get(VERSIONS_KEY, only)
        ]
    except InputError as error:
        raise _other_study(config, [*refused, str(error)]) from error


def _space(metadata: Space, *, network: str, task: str) -> SearchSpace:
    """The space behind its metadata. What the catalogue has gained since is at its default."""
    settings = {name: _written(entry) for name, entry in metadata.items()}
    return build_space(settings, network=network, task=task)


def _written(entry: Mapping[str, Any]) -> object:
    """The setting as a study file has it."""
    if entry["kind"] == "fixed":
        return entry["value"]
    if entry["kind"] == "choice":
        return entry["choices"]
    return {key: entry[key] for key in ("low", "high", "log", "step") if key in entry}


def _check_grid(config: StudyConfig, versions: list[SpaceVersion], changes: list[str]) -> None:
    if config.sampler != "grid":
        return
    try:
        make_sampler("grid", space=SpaceVersions(versions), seed=config.seed, seeds=config.seeds)
    except InputError as error:
        raise _other_study(config, [*changes, error.rule]) from error


def _no_effect(config: StudyConfig, changes: list[str], first: int) -> str:
    return (
        f"study {config.study}: no effect yet of {'; '.join(changes)}: it has its {first} trials; "
        f"more with --trials would be of the changed space"
    )


def _other_study(config: StudyConfig, refused: list[str]) -> InputError:
    return InputError(
        f"study {config.study} exists with other settings; give this one another name, or "
        f"restore: {'; '.join(refused)}",
        key="study",
        file=config.file,
    )
