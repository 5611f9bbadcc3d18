"""What Ray's autoscaler, where there is one, can still start.

Ray does not publish which nodes an autoscaler may start. Its second version (`ray up` and KubeRay
start it) answers for a placement group: it lists those that no node of any kind that it may start
could hold. The first version answers nothing; where the driver is on the head, as a job is, the
configuration that `ray up` left there says what it can start, elsewhere only waiting does. Its
first report comes some seconds after the head's start.
"""

from __future__ import annotations

import contextlib
import enum
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import ray
from ray import tune
from ray.util import remove_placement_group

from study.dispatch.cluster.placement import WorkerResources
from study.dispatch.cluster.ray_up_config import all_started, any_kind_holds, configuration

ANSWER_S = 30.0
"""How long an autoscaler may take for an answer; it looks every 5 s."""

_POLL_S = 0.25


class Answer(enum.Enum):
    """Whether a node that does not run yet could hold a worker."""

    MAY_COME = enum.auto()
    NO_AUTOSCALER = enum.auto()
    CANNOT = enum.auto()
    SILENT = enum.auto()


def demand(wanted: WorkerResources) -> tune.PlacementGroupFactory:
    """One worker as a request to Ray: to Tune, and by it to the autoscaler."""
    if not wanted.labels:
        return tune.PlacementGroupFactory([wanted.as_ray()])
    return tune.PlacementGroupFactory(
        [wanted.as_ray()], bundle_label_selector=[dict(wanted.labels)]
    )


def can_grow() -> bool:
    """Whether an autoscaler runs that may start nodes, and does not only watch them."""
    try:
        if _second_version():
            return _second_version_grows()
        grows = _starts_nodes(_reported_types())
        return grows and not all_started(configuration(), _alive())
    except Exception:  # Ray's internals have changed: as if there were none.
        return False


def ask(wanted: WorkerResources, *, timeout_s: float = ANSWER_S) -> Answer:
    """Whether an autoscaler could start a node for a worker, which no node that runs can hold.

    Of the first version of the autoscaler without its configuration it is hoped.
    """
    try:
        if not _second_version():
            return _first_version(wanted, time.monotonic() + timeout_s)
        if not _has_node_types(_status()):
            return Answer.NO_AUTOSCALER
        with _asked(wanted) as group:
            return _answer(group, time.monotonic() + timeout_s)
    except AttributeError:  # As above.
        return Answer.NO_AUTOSCALER


def _first_version(wanted: WorkerResources, deadline: float) -> Answer:
    while not (types := _reported_types()) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    if not _starts_nodes(types):
        return Answer.NO_AUTOSCALER
    settings = configuration()
    no_more = all_started(settings, _alive()) or not any_kind_holds(settings, wanted)
    return Answer.CANNOT if no_more else Answer.MAY_COME


def _alive() -> int:
    return sum(node["Alive"] for node in ray.nodes())


def _answer(group: str, deadline: float) -> Answer:
    asked_in = None
    while time.monotonic() < deadline:
        status = _status()
        resources, scaling = status.cluster_resource_state, status.autoscaling_state
        if any(
            gang.details.startswith(group) for gang in scaling.infeasible_gang_resource_requests
        ):
            return Answer.CANNOT
        pending = resources.pending_gang_resource_requests
        if asked_in is None and any(gang.details.startswith(group) for gang in pending):
            asked_in = resources.cluster_resource_state_version
        if asked_in is not None and scaling.last_seen_cluster_resource_state_version > asked_in:
            return Answer.MAY_COME
        time.sleep(_POLL_S)
    return Answer.SILENT


def has_refused(wanted: WorkerResources) -> bool:
    """Whether the autoscaler says now that it cannot start a node for one more such worker."""
    bundle = wanted.as_ray()
    try:
        groups = _status().autoscaling_state.infeasible_gang_resource_requests
        return any(dict(r.resources_bundle) == bundle for gang in groups for r in gang.requests)
    except Exception:
        return False


@contextlib.contextmanager
def _asked(wanted: WorkerResources) -> Iterator[str]:
    """A request for one worker while the block runs, by its id."""
    group = demand(wanted).to_placement_group()
    try:
        yield group.id.hex()
    finally:
        remove_placement_group(group)


def _second_version() -> bool:
    return _kept(b"__autoscaler_v2_enabled", b"__autoscaler") == b"1"


def _second_version_grows() -> bool:
    status = _status()
    return _has_node_types(status) and status.autoscaling_state.autoscaler_state_version > 0


def _has_node_types(status: Any) -> bool:
    """Whether a configuration says which types of nodes there are."""
    return any(node.ray_node_type_name for node in status.cluster_resource_state.node_states)


def _reported_types() -> Mapping[str, str]:
    """The type of each node's address, as the first version reports them; empty before it does."""
    report = json.loads(_kept(b"__autoscaling_status", None) or b"{}").get("autoscaler_report", {})
    return report.get("node_type_mapping") or {}


def _starts_nodes(types: Mapping[str, str]) -> bool:
    """It reports its nodes by the types of its configuration; one that only watches, by node."""
    return any(kind != f"node_{node}" for node, kind in types.items())


def _status() -> Any:
    from ray.core.generated.autoscaler_pb2 import GetClusterStatusReply

    reply = GetClusterStatusReply()
    reply.ParseFromString(_gcs().get_cluster_status())
    return reply


def _kept(key: bytes, namespace: bytes | None) -> bytes | None:
    value: bytes | None = _gcs().internal_kv_get(key, namespace)
    return value


def _gcs() -> Any:
    return ray._private.worker.global_worker.gcs_client
