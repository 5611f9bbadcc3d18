"""How many workers a node holds, and what is said of nodes that hold none."""

from __future__ import annotations

import pytest

from study.dispatch.cluster.placement import Node, WorkerResources, refusal, room


def node(cpus: float = 4, gpus: float = 0, **labels: str) -> Node:
    return Node(resources={"CPU": cpus, "GPU": gpus, "rack": 2}, labels=labels)


@pytest.mark.parametrize(
    ("wanted", "has", "workers"),
    [
        (WorkerResources(), node(4), 4),
        (WorkerResources(cpus=3), node(4), 1),
        (WorkerResources(gpus=0.25), node(8, 2), 8),
        (WorkerResources(gpus=0.25), node(5, 2), 5),
        # A share must lie on one GPU: 0.2 of each GPU stays empty.
        (WorkerResources(gpus=0.4), node(8, 2), 4),
        (WorkerResources(gpus=0.1), node(64, 1), 10),
        (WorkerResources(gpus=2), node(8, 3), 1),
        (WorkerResources(gpus=1), node(8, 0), 0),
        (WorkerResources(custom={"rack": 0.5}), node(8), 4),
        (WorkerResources(custom={"tape": 1}), node(8), 0),
        (WorkerResources(labels={"zone": "a"}), node(4, zone="a"), 4),
        (WorkerResources(labels={"zone": "a"}), node(4, zone="b"), 0),
    ],
)
def test_room_on_a_node(wanted: WorkerResources, has: Node, workers: int) -> None:
    assert has.room(wanted) == workers


def test_nodes_of_different_kinds_add_up() -> None:
    nodes = [node(2), node(8, 1), node(1, 4)]
    assert room(nodes, WorkerResources(gpus=0.5)) == 2 + 1
    assert room([], WorkerResources()) == 0


def test_a_refusal_counts_nodes_of_the_same_kind_and_names_few() -> None:
    wanted = WorkerResources(gpus=1)
    assert str(refusal([node(4), node(2), node(4)], wanted)) == (
        "resources: a worker must fit on a node, but it needs 1 CPU, 1 GPU and the nodes have "
        "4 CPU, 0 GPU (2 nodes); 2 CPU, 0 GPU"
    )
    many = refusal([node(n) for n in range(1, 12)], wanted)
    assert str(many).endswith("6 CPU, 0 GPU; 3 other kinds of nodes")
    assert str(refusal([], wanted)).endswith("and the nodes have nothing")
