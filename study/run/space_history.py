"""How a study goes on: with the space it has had, or with a changed one from a trial on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from search_spaces.errors import InputError
from search_spaces.samplers import (
    ConfirmingBlock,
    Numbering,
    SpaceVersion,
    SpaceVersions,
    make_sampler,
)
from search_spaces.space import SearchSpace, build_space
from study.ledger import LedgerPlan
from study.run.study_description import (
    NUMERIC_LISTS,
    describe,
    differences,
    space_changes,
    space_refusals,
)
from study.run.trial_numbers import numbering_entries, stored_numbering, with_seeds
from study.study_file import StudyConfig
from study.tables.metadata import Space, merged_hyperparameters

CONCLUSION_KEY = "confirmed"
"""Key of a description: after how many trials of the sampler, and with how many fresh trials at
most, a confirmation has come to its end."""

VERSIONS_KEY = "generations"
"""Key of a description: the place of the first trial and the space of each space version, where
there are several. Its `hyperparameters` are the latest's. The key is older than
the word that the code has for them, and stays: studies are stored with it."""


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """What the trials of a study are sampled from.

    Attributes:
        versions: From which trial on which space, and what the trials' numbers mean.
        description: Kept with the study.
        hyperparameters: What the tables say of their columns, all versions together.
        notice: What changed, and from which trial on; None if nothing did.
    """

    versions: SpaceVersions
    description: Mapping[str, Any]
    hyperparameters: Space
    notice: str | None = None

    def for_ledger(self, config: StudyConfig) -> LedgerPlan:
        """Returns what a ledger needs of it."""
        return LedgerPlan(
            sampler=make_sampler(config.sampler, space=self.versions, seed=config.seed),
            space=self.versions,
            description=self.description,
            numbering=self.versions.numbering,
            numeric_lists=NUMERIC_LISTS in self.description,
        )

    def with_block(self, block: ConfirmingBlock) -> StudyPlan:
        """Returns how the study goes on with trials that confirm a region."""
        numbering = self.versions.numbering.with_block(block)
        return replace(
            self,
            versions=SpaceVersions(self.versions.all, numbering),
            description={**self.description, **numbering_entries(numbering)},
        )

    def concluded(self, conclusion: Mapping[str, Any]) -> StudyPlan:
        """Returns the same with what a description says of a confirmation that has ended."""
        return replace(self, description={**self.description, CONCLUSION_KEY: dict(conclusion)})


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
        return _plan(
            config, [SpaceVersion(first=0, space=config.space)], Numbering(config.seeds), stored
        )
    now = config.space.metadata()
    refused = differences(stored, describe(config))
    before = _stored_versions(config, stored, refused)
    earlier = [each.space.metadata() for each in before]
    refused += space_refusals(earlier, now, numeric_lists=NUMERIC_LISTS in stored)
    if refused:
        raise _other_study(config, refused)
    numbering = stored_numbering(stored)
    place = numbering.place(next_trial)
    seeds, more = numbering.seeds[-1].seeds, with_seeds(numbering, config.seeds, place)
    changes = space_changes(before[-1].space.metadata(), now)
    raised = [f"seeds: was {seeds}, now {config.seeds}"] if more is not numbering else []
    if not (changes or raised):
        return _plan(config, before, numbering, stored)
    # A configuration's seeds stay together.
    first = more.next_start(place) if changes else place
    if config.trials <= first:
        notice = _no_effect(config, [*raised, *changes], first)
        return _plan(config, before, numbering, stored, notice)
    kept = [each for each in before if not changes or each.first < first]
    if not kept or space_changes(kept[-1].space.metadata(), now):
        kept = [*kept, SpaceVersion(first=first, space=config.space)]
    _check_grid(config, SpaceVersions(kept, more), changes)
    notice = _change_notice(config, more, place, first, raised, changes)
    return _plan(config, kept, more, stored, notice if first > 0 else None)


def _change_notice(
    config: StudyConfig,
    numbering: Numbering,
    place: int,
    first: int,
    raised: list[str],
    changes: list[str],
) -> str:
    """What changes from which trial on, the seeds first: they may change earlier."""
    parts = [f"from trial {numbering.number(place)} on {text}" for text in raised]
    if changes:
        parts.append(f"from trial {numbering.number(first)} on {'; '.join(changes)}")
    return f"study {config.study}: {', and '.join(parts)}"


def _plan(
    config: StudyConfig,
    versions: list[SpaceVersion],
    numbering: Numbering,
    stored: Mapping[str, Any],
    notice: str | None = None,
) -> StudyPlan:
    spaces = [each.space.metadata() for each in versions]
    description = describe(config) | {"hyperparameters": spaces[-1]} | numbering_entries(numbering)
    kept = [name for name in (CONCLUSION_KEY, NUMERIC_LISTS) if name in stored]
    description |= {name: stored[name] for name in kept}
    if not stored and config.sampler != "tpe":
        description[NUMERIC_LISTS] = True
    if len(versions) > 1:
        description[VERSIONS_KEY] = [
            {"first": each.first, "hyperparameters": space}
            for each, space in zip(versions, spaces, strict=True)
        ]
    return StudyPlan(
        versions=SpaceVersions(versions, numbering),
        description=description,
        hyperparameters=merged_hyperparameters(spaces),
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


def _check_grid(config: StudyConfig, versions: SpaceVersions, changes: list[str]) -> None:
    if config.sampler != "grid":
        return
    try:
        make_sampler("grid", space=versions, seed=config.seed)
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
