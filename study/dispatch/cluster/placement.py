"""Which nodes of a cluster can hold a worker, and how many each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from search_spaces.errors import InputError
from study.study_file.node_labels import allow

SHOWN = 8
"""Kinds of nodes that a refusal describes at most."""

_TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True)
class WorkerResources:
    """What one worker occupies.

    Attributes:
        cpus: CPU cores, > 0; threads of training too.
        gpus: Share of a GPU (0.25: four workers a GPU) or whole GPUs.
        custom: Custom Ray resources by name.
        labels: Rules for the labels of its node, see `study.study_file.node_labels`.
    """

    cpus: float = 1.0
    gpus: float = 0.0
    custom: Mapping[str, float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def as_ray(self) -> dict[str, float]:
        """By the names that Ray reports for a node."""
        wanted = {"CPU": self.cpus, "GPU": self.gpus, **self.custom}
        return {name: amount for name, amount in wanted.items() if amount > 0}


@dataclass(frozen=True, kw_only=True)
class Node:
    """One node of a cluster as it was started, busy or not.

    Attributes:
        resources: Amounts by Ray's names.
        labels: Ray's own and those given to it.
    """

    resources: Mapping[str, float]
    labels: Mapping[str, str] = field(default_factory=dict)

    def room(self, wanted: WorkerResources) -> int:
        """Workers that it can hold when nothing else runs on it."""
        if not allow(wanted.labels, self.labels):
            return 0
        return min(
            _times(self.resources.get(name, 0.0), amount, whole=name == "GPU")
            for name, amount in wanted.as_ray().items()
        )


def room(nodes: Sequence[Node], wanted: WorkerResources) -> int:
    """Workers that the nodes can hold together."""
    return sum(node.room(wanted) for node in nodes)


def refusal(nodes: Sequence[Node], wanted: WorkerResources, *, more: str = "") -> InputError:
    """The error for a worker that none of the nodes can hold.

    Args:
        nodes: The cluster's.
        wanted: By the worker.
        more: What else a person should know, added to the end.
    """
    kinds = Counter(_described(node, wanted) for node in nodes)
    ordered = sorted(kinds.items(), key=lambda one: (-one[1], one[0]))
    shown = [f"{kind} ({count} nodes)" if count > 1 else kind for kind, count in ordered[:SHOWN]]
    if len(kinds) > SHOWN:
        shown.append(f"{len(kinds) - SHOWN} other kinds of nodes")
    needs = _amounts(wanted.as_ray())
    if wanted.labels:
        rules = ", ".join(f"{key}: {rule}" for key, rule in wanted.labels.items())
        needs += f" on a node with the labels {rules},"
    return InputError(
        f"a worker must fit on a node, but it needs {needs} and the nodes have "
        f"{'; '.join(shown) or 'nothing'}{more}",
        key="resources",
    )


def _times(has: float, amount: float, *, whole: bool) -> int:
    """How often an amount fits; a share of a GPU must lie on one GPU."""
    if whole and amount < 1:
        return int(has + _TOLERANCE) * int(1 / amount + _TOLERANCE)
    return int(has / amount + _TOLERANCE)


def _described(node: Node, wanted: WorkerResources) -> str:
    amounts = _amounts({name: node.resources.get(name, 0.0) for name in wanted.as_ray()})
    labels = [f"{key}: {node.labels.get(key, 'absent')}" for key in wanted.labels]
    return ", ".join([amounts, *labels])


def _amounts(resources: Mapping[str, float]) -> str:
    return ", ".join(f"{amount:g} {name}" for name, amount in resources.items())
