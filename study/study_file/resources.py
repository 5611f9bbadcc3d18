"""The study file's key `resources`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from search_spaces.errors import InputError
from search_spaces.values import as_number, show
from study.study_file import fields
from study.study_file.node_labels import is_label_key, parse_label_rule

AtLeast1 = Annotated[int, BeforeValidator(fields.whole_number(1))]

DEVICES = ("cpu", "cuda")

_OWN_KEYS = {"CPU": "cpus_per_worker", "GPU": "gpus_per_worker"}
_RAYS_OWN = ("memory", "object_store_memory")


def read_device(given: object) -> str | None:
    if given not in DEVICES:
        raise InputError(f"must be {' or '.join(DEVICES)}, but got {show(given)}")
    return str(given)


def read_custom_resources(given: object) -> dict[str, float]:
    """Amounts by name, as the cluster's nodes were started with (`ray start --resources`)."""
    if not isinstance(given, Mapping):
        raise InputError(f"must be a mapping of names to amounts, but got {show(given)}")
    amounts = {}
    for name, amount in given.items():
        number = as_number(amount)
        if name in _OWN_KEYS:
            raise InputError(f"{name} is no custom resource; use {_OWN_KEYS[name]}")
        if not isinstance(name, str) or not name or name in _RAYS_OWN:
            raise InputError(
                f"a custom resource must have a name of its own, but got {show(name)}"
            )
        if number is None or number <= 0:
            raise InputError(
                f"must be a number > 0, but got {show(amount)}",
                key=f"resources.custom_resources.{name}",
            )
        amounts[name] = float(number)
    return amounts


def read_labels(given: object) -> dict[str, str]:
    """Rules for the labels of the nodes that workers may use, see `node_labels`."""
    if not isinstance(given, Mapping):
        raise InputError(f"must be a mapping of keys to values, but got {show(given)}")
    rules = {}
    for key, value in given.items():
        if not isinstance(key, str) or not is_label_key(key):
            raise InputError(
                "a label's key must be letters, digits, '-', '_' and '.', after a prefix and '/' "
                f"or alone, such as zone or ray.io/accelerator-type, but got {show(key)}"
            )
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (whole or isinstance(value, str)) or parse_label_rule(str(value)) is None:
            raise InputError(
                "must be a label such as A100, or '!spot', 'in(A100, H100)', '!in(A100, H100)' "
                f"in quotes, but got {show(value)}",
                key=f"resources.labels.{key}",
            )
        rules[key] = str(value)
    return rules


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

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    workers: Annotated[Literal["auto"] | int, BeforeValidator(fields.read_workers)] = "auto"
    cpus_per_worker: AtLeast1 = 1
    gpus_per_worker: Annotated[float, BeforeValidator(fields.read_gpus)] = 0.0
    device: Annotated[str | None, BeforeValidator(read_device)] = None
    custom_resources: Annotated[dict[str, float], BeforeValidator(read_custom_resources)] = Field(
        default_factory=dict
    )
    labels: Annotated[dict[str, str], BeforeValidator(read_labels)] = Field(default_factory=dict)
    checkpoint_minutes: Annotated[float, BeforeValidator(fields.read_minutes)] = 5.0
    cohort_minutes: Annotated[float | None, BeforeValidator(fields.read_minutes)] = None
    max_retries: Annotated[int, BeforeValidator(fields.whole_number(0))] = 3

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
