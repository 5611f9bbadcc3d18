"""The configuration that `ray up` leaves on the head: which nodes its autoscaler may start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from study.dispatch.cluster.placement import Node, WorkerResources

LEFT_AT = "~/ray_bootstrap_config.yaml"

Settings = Mapping[str, Any]
"""A cluster's YAML file as `ray up` completes it; empty where nothing is known."""


def configuration(path: str = LEFT_AT) -> Settings:
    """That of the cluster whose head this machine is; empty on others."""
    try:
        read = yaml.safe_load(Path(path).expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return read if isinstance(read, Mapping) else {}


def all_started(settings: Settings, nodes: int) -> bool:
    """Whether all machines of one's own that the cluster has are nodes already.

    Args:
        settings: The configuration.
        nodes: Nodes that are alive, the head among them.
    """
    addresses = settings.get("provider", {}).get("worker_ips")
    return addresses is not None and nodes >= 1 + len(addresses)


def any_kind_holds(settings: Settings, wanted: WorkerResources) -> bool:
    """Whether some kind of node could hold a worker, as far as the configuration says.

    What a kind without resources has is known only when it runs: of it everything is hoped.
    """
    kinds = list(settings.get("available_node_types", {}).values())
    may_start = [kind for kind in kinds if kind.get("max_workers", 1) > 0]
    for kind in may_start:
        resources = kind.get("resources") or {}
        node = Node(resources=resources, labels=kind.get("labels") or {})
        if not resources or node.room(wanted):
            return True
    return not kinds
