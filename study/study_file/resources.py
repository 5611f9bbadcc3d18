"""The study file's key `resources`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from search_spaces.errors import InputError
from search_spaces.values import show
from study.study_file.fields import RULES, AtLeast0, AtLeast1, Gpus, Minutes, Positive, must
from study.study_file.node_labels import is_label_key, parse_label_rule

_OWN_KEYS = {"CPU": "cpus_per_worker", "GPU": "gpus_per_worker"}
_RAYS_OWN = ("memory", "object_store_memory")


def _resource_name(name: str) -> str:
    if name in _OWN_KEYS:
        raise InputError(f"{name} is no custom resource; use {_OWN_KEYS[name]}")
    if not name or name in _RAYS_OWN:
        raise InputError(f"a custom resource must have a name of its own, but got {show(name)}")
    return name


def _label_key(key: str) -> str:
    if not is_label_key(key):
        raise InputError(
            "a label's key must be letters, digits, '-', '_' and '.', after a prefix and '/' "
            f"or alone, such as zone or ray.io/accelerator-type, but got {show(key)}"
        )
    return key


def _whole_as_text(given: object) -> object:
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


_LabelRule = Annotated[
    str,
    Field(
        description="a label such as A100, or '!spot', 'in(A100, H100)', '!in(A100, H100)' in "
        "quotes"
    ),
    BeforeValidator(_whole_as_text),
    must(lambda rule: parse_label_rule(rule) is not None),
]


class Resources(BaseModel):
    """What a study may take of a machine or cluster.

    Attributes:
        workers: Trainings at once, or "auto" for what the machine or cluster has room for.
        cpus_per_worker: CPU cores of each.
        gpus_per_worker: GPUs of each; a fraction shares a GPU.
        device: What each trains on, cpu or cuda; None is cuda where it has GPUs.
        custom_resources: Further resources of each, by the names that the nodes gave them.
        labels: Rules for the labels of the nodes that workers may use.
        checkpoint_minutes: Between the checkpoints of a cohort that trains for longer.
        cohort_minutes: How long training a cohort may take; then its worker counts as stuck and is
            ended. None sets no limit.
        max_retries: Times that a trial which its worker did not survive is run again.
    """

    model_config = RULES

    workers: Literal["auto"] | AtLeast1 = "auto"
    cpus_per_worker: AtLeast1 = 1
    gpus_per_worker: Gpus = 0.0
    device: Literal["cpu", "cuda"] | None = None
    custom_resources: dict[Annotated[str, AfterValidator(_resource_name)], Positive] = Field(
        default_factory=dict, description="a mapping of names to amounts"
    )
    labels: dict[Annotated[str, AfterValidator(_label_key)], _LabelRule] = Field(
        default_factory=dict, description="a mapping of keys to values"
    )
    checkpoint_minutes: Minutes = 5.0
    cohort_minutes: Minutes | None = None
    max_retries: AtLeast0 = 3

    @model_validator(mode="after")
    def _check_device(self) -> Resources:
        if self.device == "cuda" and not self.gpus_per_worker:
            raise InputError(
                "workers train on cuda only with GPUs of their own, but gpus_per_worker is 0; for "
                "example `gpus_per_worker: 0.25`",
                key="resources.device",
            )
        return self

    @property
    def training_gpus(self) -> float:
        """GPUs that one worker trains on; 0 where it trains on the CPU."""
        return 0.0 if self.device == "cpu" else self.gpus_per_worker
