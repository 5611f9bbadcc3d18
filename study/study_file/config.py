"""The study file as a value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import (
    BaseModel,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from search_spaces.errors import InputError
from search_spaces.samplers import grid_size
from search_spaces.space import SearchSpace, build_space
from study.secrets import find_secrets, masked
from study.study_file import fields, stored_secrets
from study.study_file.blank_keys import present_keys
from study.study_file.environment import expand
from study.study_file.error_text import first_problem
from study.study_file.resources import Resources
from study.study_file.scaling import Scaling
from study.study_file.stop_when import StopWhen
from study.study_file.tracking import Tracking
from study.study_file.yaml_text import parse_study_text
from study.tables.schema import TRIAL_FIGURES, TRIAL_IDENTITY, TRIAL_LABELS

_COLUMNS = frozenset(each.name for each in (*TRIAL_IDENTITY, *TRIAL_LABELS, *TRIAL_FIGURES))


class StudyConfig(BaseModel):
    """A study file, validated, with every `${VAR}` read from the environment.

    Attributes:
        study: Name of the study, of its folder and of its MLflow experiment.
        task: A built-in task, or ``package.module:function``.
        network: A built-in network, or ``package.module:factory``; several of a list as
            `joined_networks` names them.
        hyperparameters: As written; `space` is what they mean.
        task_options: Arguments of the task's function, not yet checked for their names.
        steps: Optimizer steps of each trial.
        seeds: Trials a configuration.
        seed: Seed of sampling, initialization and data order.
        sampler: qmc, random, grid, tpe or boundary.
        statistics: What is measured beside the losses: minimal, standard or full.
        sharpness_steps: When sharpness is measured; None leaves that to the statistics.
        trials: Trials of the study; a grid has as many as cells times seeds if not given.
        stop: "decided" ends a trial whose verdict is certain, "never" none.
        confirm: Fresh trials at most, at the end, in the region that is recommended.
        stop_when: Ends the study before it has all its trials; None never does.
        scaling: Larger sizes to which the map is carried; None carries it nowhere.
        resources: Workers and what each may take.
        tracking: Which trials MLflow shows, and the data base behind its server.
        tracking_uri: MLflow's address; None is SQLite under the home folder.
        storage: Optuna's address; None is a journal under the home folder.
        thresholds: Overrides of the verdicts' thresholds, not yet checked for their names.

    Raises:
        InputError: If a key or value breaks a rule: one line, about the first that does.
    """

    model_config = fields.RULES

    study: fields.StudyName = Field(examples=["my-study"])
    task: fields.TaskName = Field(examples=["digits"])
    network: fields.NetworkName = Field(examples=["mlp"])
    hyperparameters: Mapping[str, object] = Field(
        description="a mapping of names to values", examples=["{depth: [2, 8, 32]}"]
    )
    steps: fields.AtLeast1 = Field(examples=[200])
    task_options: dict[str, fields.Option] = Field(
        default_factory=dict, description="a mapping of names to values"
    )
    seeds: fields.AtLeast1 = 1
    seed: fields.AtLeast0 = 0
    sampler: fields.SamplerName = "qmc"
    statistics: fields.StatisticsName = "standard"
    sharpness_steps: fields.SharpnessSteps = None
    trials: fields.AtLeast1 = Field(default=0)  # Filled in below, once all else is right.
    stop: fields.StopName = "never"
    confirm: fields.AtLeast0 = 0
    stop_when: StopWhen | None = None
    scaling: Scaling | None = None
    resources: Resources = Resources()
    tracking: Tracking = Tracking()
    tracking_uri: fields.TrackingUri = None
    storage: fields.Storage = None
    thresholds: fields.Numbers

    _written: dict[str, object] = PrivateAttr(default_factory=dict)
    _text: str | None = PrivateAttr(default=None)
    _file: str | None = PrivateAttr(default=None)

    def __init__(self, **values: Any) -> None:
        written = present_keys(values, StudyConfig.model_fields)
        expanded = expand(written, os.environ)
        assert isinstance(expanded, dict)
        stored_secrets.refuse_stored_references(expanded.get("hyperparameters"))
        problem = None
        try:
            super().__init__(**expanded)
        except ValidationError as error:
            problem = first_problem(error, expanded, type(self))
        # Outside of the handler: pydantic's error carries the values, passwords among them.
        if problem is not None:
            raise problem
        self._written = written

    @classmethod
    def from_text(
        cls, text: str, *, file: str | None = None, trials: int | None = None
    ) -> StudyConfig:
        """The configuration in a study file's text.

        Args:
            text: YAML.
            file: Where it came from, for errors.
            trials: How many, where the text does not say it.

        Raises:
            InputError: As the constructor; also if the text is no YAML, repeats a key, or holds
                a password or token.
        """
        try:
            values = parse_study_text(text)
            stored_secrets.refuse_secrets_in_file(text, values)
            config = cls(**{**({} if trials is None else {"trials": trials}), **values})
        except InputError as error:
            raise error.inside(file=file) from None
        config._text, config._file = text, file
        return config

    @cached_property
    def space(self) -> SearchSpace:
        """What the study fixes and varies."""
        return _space(dict(self))

    @property
    def file(self) -> str | None:
        """Where it was read from, for errors; None for a configuration made in Python."""
        return self._file

    @property
    def folder(self) -> Path:
        """Where paths in the study file begin: beside it, or here where there is no file."""
        return Path.cwd() if self._file is None else Path(self._file).resolve().parent

    @property
    def written_task_options(self) -> Mapping[str, object]:
        """The options with `${VAR}` as written: what may be stored and shown."""
        written = self._written.get("task_options", {})
        assert isinstance(written, dict)
        return written

    @property
    def source_text(self) -> str:
        """The study file with `${VAR}` as written: what may be stored and shown.

        Made in Python, it is written from its values, without addresses that hold a password.
        """
        if self._text is not None:
            return self._text
        kept = stored_secrets.without_addresses(
            self._written, lambda address: find_secrets(str(address))
        )
        return yaml.safe_dump(kept, sort_keys=False, allow_unicode=True)

    def with_trials(self, trials: int) -> StudyConfig:
        """The same study with another number of trials, for `--trials`.

        Raises:
            InputError: If the number is not >= 1, or larger than a grid.
        """
        return self.with_changes(trials=trials)

    def with_steps(self, steps: int) -> StudyConfig:
        """The same study with another number of steps, for `diagnose`, which looks as it will.

        Raises:
            InputError: If the number is not >= 1.
        """
        return self.with_changes(steps=steps, sharpness_steps=None)

    def with_changes(self, **changes: object) -> StudyConfig:
        """The same study with other values of some keys; one of None has its default.

        Raises:
            InputError: If one breaks a rule.
        """
        try:
            config = type(self)(**{**self._written, **changes})
        except InputError as error:
            raise error.inside(file=self._file) from None
        config._text, config._file = self._text, self._file
        return config

    @field_validator("hyperparameters")
    @classmethod
    def _check_space(
        cls, value: Mapping[str, object], info: ValidationInfo
    ) -> Mapping[str, object]:
        if {"network", "task"} <= info.data.keys():
            _space({**info.data, "hyperparameters": value})
        return value

    @model_validator(mode="after")
    def _count_trials(self) -> StudyConfig:
        """A whole grid, where nothing is said; the other samplers have no end of their own."""
        if self.scaling is not None:
            self.scaling.check(self.space, self.sampler, confirm=self.confirm)
        given = "trials" in self.model_fields_set
        if self.sampler == "grid":
            cells = grid_size(self.space)
            if not given:
                # Where pydantic keeps the fields of a frozen model.
                self.__dict__["trials"] = cells * self.seeds
            elif self.trials > cells * self.seeds:
                raise InputError(
                    f"the grid has {cells} configurations x {self.seeds} seeds = "
                    f"{cells * self.seeds} trials, but got {self.trials}",
                    key="trials",
                )
        elif not given:
            rule = "is required, except for sampler grid; for example `trials: 512`"
            raise InputError(rule, key="trials")
        return self

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        shown: list[tuple[str | None, Any]] = []
        for name in type(self).model_fields:
            value = getattr(self, name)
            if name in stored_secrets.ADDRESSES and value is not None:
                value = masked(str(self._written[name]))
            shown.append((name, value))
        return shown


def _space(values: Mapping[str, Any]) -> SearchSpace:
    given, network, task = (values[key] for key in ("hyperparameters", "network", "task"))
    return build_space(given, network=network, task=task, reserved=_COLUMNS)
