"""The study file's key `resources`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from study.study_file import fields

AtLeast1 = Annotated[int, BeforeValidator(fields.whole_number(1))]


class Resources(BaseModel):
    """What a study may take of a machine or cluster.

    Attributes:
        workers: Trainings at once, or "auto" for what the machine or cluster has room for.
        cpus_per_worker: CPU cores of each.
        gpus_per_worker: GPUs of each; a fraction shares a GPU.
        checkpoint_minutes: Between the checkpoints of a cohort that trains for longer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    workers: Annotated[Literal["auto"] | int, BeforeValidator(fields.read_workers)] = "auto"
    cpus_per_worker: AtLeast1 = 1
    gpus_per_worker: Annotated[float, BeforeValidator(fields.read_gpus)] = 0.0
    checkpoint_minutes: Annotated[float, BeforeValidator(fields.read_minutes)] = 5.0
