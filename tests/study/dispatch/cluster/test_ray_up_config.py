"""What the configuration on a head says about nodes that do not run."""

from __future__ import annotations

from pathlib import Path

import yaml

from study.dispatch.cluster.placement import WorkerResources
from study.dispatch.cluster.ray_up_config import all_started, any_kind_holds, configuration
from tests.support.driver import ROOT

GPU = WorkerResources(gpus=0.25)


def test_machines_of_ones_own_are_all_there_is() -> None:
    settings = configuration(str(ROOT / "ray_cluster.yaml"))
    workers = len(settings["provider"]["worker_ips"])
    assert not all_started(settings, workers)
    assert all_started(settings, workers + 1)
    # What they have shows when they run.
    assert any_kind_holds(settings, WorkerResources(gpus=64))


def test_kinds_of_nodes_in_a_cloud() -> None:
    settings = configuration(str(ROOT / "examples" / "clusters" / "aws.yaml"))
    assert not all_started(settings, 100)
    assert any_kind_holds(settings, GPU)
    assert any_kind_holds(settings, WorkerResources(gpus=1, labels={"gpu": "in(a10g, l4)"}))
    assert any_kind_holds(settings, WorkerResources(cpus=16))
    assert not any_kind_holds(settings, WorkerResources(cpus=17))
    assert not any_kind_holds(settings, WorkerResources(gpus=2))
    assert not any_kind_holds(settings, WorkerResources(gpus=1, labels={"gpu": "h100"}))


def test_a_kind_that_may_not_start_or_says_nothing_of_itself(tmp_path: Path) -> None:
    kinds = {"head": {"resources": {"GPU": 8, "CPU": 8}, "max_workers": 0}}
    file = tmp_path / "ray_bootstrap_config.yaml"
    file.write_text(yaml.safe_dump({"available_node_types": kinds}))
    assert not any_kind_holds(configuration(str(file)), GPU)
    kinds["more"] = {"resources": {}, "max_workers": 1}
    file.write_text(yaml.safe_dump({"available_node_types": kinds}))
    assert any_kind_holds(configuration(str(file)), GPU)


def test_where_there_is_no_configuration_everything_is_hoped(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("{")
    for path in (tmp_path / "absent.yaml", broken):
        assert any_kind_holds(configuration(str(path)), GPU)
        assert not all_started(configuration(str(path)), 100)
