"""Ray's first autoscaler says some seconds after the head's start which nodes there may be."""

from __future__ import annotations

import json

import pytest

from study.dispatch.cluster import autoscaler
from study.dispatch.cluster.placement import WorkerResources


def reporting(monkeypatch: pytest.MonkeyPatch, *reports: dict | None) -> None:
    """What is kept of the autoscaler at one look after the other; the last one stays."""
    left = list(reports)

    def kept(key: bytes, namespace: bytes | None) -> bytes | None:
        if key == b"__autoscaler_v2_enabled":
            return b"0"
        report = left.pop(0) if len(left) > 1 else left[0]
        return None if report is None else json.dumps(report).encode()

    monkeypatch.setattr(autoscaler, "_kept", kept)
    monkeypatch.setattr(autoscaler, "_alive", lambda: 1)
    monkeypatch.setattr(autoscaler, "_POLL_S", 0.0)


def types(mapping: dict[str, str]) -> dict:
    return {"autoscaler_report": {"node_type_mapping": mapping}}


def test_a_worker_is_not_refused_before_the_first_report(monkeypatch: pytest.MonkeyPatch) -> None:
    started = types({"10.0.0.1": "ray.head.default"})
    reporting(monkeypatch, None, {}, types({}), started)
    assert autoscaler.ask(WorkerResources(gpus=1)) is autoscaler.Answer.MAY_COME


@pytest.mark.parametrize("report", [None, types({"abc": "node_abc"})], ids=["silent", "watching"])
def test_without_an_autoscaler_it_is_refused(
    report: dict | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    reporting(monkeypatch, report)
    wanted = WorkerResources(gpus=1)
    assert autoscaler.ask(wanted, timeout_s=0.05) is autoscaler.Answer.NO_AUTOSCALER
