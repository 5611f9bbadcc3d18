"""The example clusters: valid for the tools that read them, and closed to strangers."""

from __future__ import annotations

import copy
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from study import StudyConfig
from tests.support.driver import ROOT

EXAMPLES = ROOT / "examples" / "clusters"
RAY = [ROOT / "ray_cluster.yaml", EXAMPLES / "aws.yaml", EXAMPLES / "gcp.yaml"]
SECRET = re.compile(r"(?i)(password|secret|token)[ \t]*[:=][ \t]*[\"']?[A-Za-z0-9+/]{8,}")


def load(path: Path) -> dict[str, Any]:
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


@pytest.mark.parametrize("path", RAY, ids=lambda path: path.name)
def test_ray_takes_it_as_ray_up_does(path: Path) -> None:
    """`ray up` fills in defaults, validates, and later validates what it filled in."""
    import ray.autoscaler
    from ray.autoscaler._private.util import prepare_config, validate_config

    schema = Path(ray.autoscaler.__file__).parent / "ray-schema.json"
    jsonschema.validate(load(path), json.loads(schema.read_text()))
    prepared = prepare_config(copy.deepcopy(load(path)))
    validate_config(prepared)
    assert set(load(path)) <= set(prepared)
    types = prepared["available_node_types"]
    workers = [kind for name, kind in types.items() if name != "head"]
    assert workers and all(kind["max_workers"] > 0 for kind in workers)


@pytest.mark.parametrize("path", RAY, ids=lambda path: path.name)
def test_every_node_gets_the_token_and_starts_with_it(path: Path) -> None:
    cluster = load(path)
    mounts = cluster["file_mounts"]
    assert mounts["~/.ray/auth_token"] == "~/.ray/auth_token"
    assert mounts["~/.gradscape/cluster.env"] == "~/.gradscape/cluster.env"
    for commands in ("head_start_ray_commands", "worker_start_ray_commands"):
        (start,) = [one for one in cluster[commands] if "ray start" in one]
        assert start.startswith(". ~/gradscape/examples/clusters/node.sh;")
    assert "--autoscaling-config=~/ray_bootstrap_config.yaml" in str(
        cluster["head_start_ray_commands"]
    )
    node = (EXAMPLES / "node.sh").read_text()
    assert "export RAY_AUTH_MODE=token\n" in node
    assert 'export RAY_AUTH_TOKEN_PATH="$HOME/.ray/auth_token"\n' in node


@pytest.mark.parametrize("path", RAY, ids=lambda path: path.name)
def test_what_it_mounts_is_all_that_gradscape_is_installed_from(path: Path) -> None:
    mounts = load(path)["file_mounts"]
    here = {target for target in mounts.values() if not target.startswith("~")}
    assert all((ROOT / target).exists() for target in here)
    found = (ROOT / "pyproject.toml").read_text()
    packages = re.findall(r'"(\w+)\*"', found)
    assert {*packages, "pyproject.toml", "README.md", "LICENSE"} <= here
    assert "cluster = [" in found


@pytest.mark.parametrize("path", sorted([*RAY, *EXAMPLES.iterdir()]), ids=lambda path: path.name)
def test_no_file_holds_a_secret_or_opens_a_service_to_all(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not SECRET.search(text), SECRET.search(text)
    listening = re.findall(r"^(?!\s*#).*0\.0\.0\.0.*$", text, re.M)
    # The Jobs API of machines of one's own alone: it wants the token.
    assert len(listening) == (1 if path.name == "ray_cluster.yaml" else 0), listening
    assert all("dashboard-host" in line for line in listening)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_shell(path: Path) -> None:
    done = subprocess.run(["bash", "-n", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert path.name == "node.sh" or path.stat().st_mode & 0o111


SPEC = {
    "activeDeadlineSeconds", "backoffLimit", "clusterSelector", "deletionStrategy", "entrypoint",
    "entrypointNumCpus", "entrypointNumGpus", "entrypointResources", "jobId", "managedBy",
    "metadata", "rayClusterSpec", "runtimeEnvYAML", "shutdownAfterJobFinishes",
    "submissionMode", "submitterConfig", "submitterPodTemplate", "suspend",
    "ttlSecondsAfterFinished",
}  # fmt: skip
"""Fields of KubeRay's RayJob, and below of its cluster and of its groups of pods."""

CLUSTER = {
    "authOptions", "autoscalerOptions", "enableInTreeAutoscaling", "gcsFaultToleranceOptions",
    "headGroupSpec", "headServiceAnnotations", "managedBy", "rayVersion", "suspend",
    "workerGroupSpecs",
}  # fmt: skip

GROUP = {"rayStartParams", "template", "resources", "labels"}
HEAD = GROUP | {"headService", "enableIngress", "serviceType"}
WORKERS = GROUP | {
    "groupName", "replicas", "minReplicas", "maxReplicas", "idleTimeoutSeconds", "numOfHosts",
    "scaleStrategy", "suspend",
}  # fmt: skip


@pytest.fixture(scope="module")
def manifests() -> dict[str, dict[str, Any]]:
    documents = yaml.safe_load_all((EXAMPLES / "kuberay.yaml").read_text(encoding="utf-8"))
    return {document["kind"]: document for document in documents}


def test_the_ray_job_has_the_fields_of_its_kind(manifests: dict[str, dict[str, Any]]) -> None:
    job = manifests["RayJob"]
    assert job["apiVersion"] == "ray.io/v1"
    spec = job["spec"]
    cluster = spec["rayClusterSpec"]
    assert set(spec) <= SPEC and set(cluster) <= CLUSTER
    assert cluster["authOptions"] == {"mode": "token"}
    # KubeRay refuses a token for a Ray that it takes for one before 2.52.
    assert tuple(int(n) for n in cluster["rayVersion"].split(".")) >= (2, 52, 0)
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    assert set(groups[0]) <= HEAD and {"rayStartParams", "template"} <= set(groups[0])
    for group in groups[1:]:
        assert set(group) <= WORKERS
        assert {"groupName", "minReplicas", "maxReplicas", "template"} <= set(group)
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
    for group in groups:
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())


def test_state_lies_outside_of_the_ray_job(manifests: dict[str, dict[str, Any]]) -> None:
    """Each retry is a new cluster, so that what is kept in one is lost."""
    job = manifests["RayJob"]["spec"]
    text = manifests["ConfigMap"]["data"]["study.yaml"]
    written = yaml.safe_load(text)
    assert written["storage"] == "${GRADSCAPE_STORAGE}"
    assert written["tracking_uri"] == "${GRADSCAPE_TRACKING_URI}"
    place = re.search(r"gradscape run (\S+) --home (\S+)", job["entrypoint"])
    assert place is not None
    cluster = job["rayClusterSpec"]
    for group in [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]:
        pod = group["template"]["spec"]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        mounts = {one["mountPath"]: one["name"] for one in pod["containers"][0]["volumeMounts"]}
        claim = volumes[mounts[place[2]]]["persistentVolumeClaim"]["claimName"]
        assert claim == manifests["PersistentVolumeClaim"]["metadata"]["name"]
        study = volumes[mounts[str(Path(place[1]).parent)]]["configMap"]["name"]
        assert study == manifests["ConfigMap"]["metadata"]["name"]
    (secret,) = cluster["headGroupSpec"]["template"]["spec"]["containers"][0]["envFrom"]
    assert secret["secretRef"]["name"] in (EXAMPLES / "kuberay.yaml").read_text()


def test_the_study_of_the_ray_job_is_valid_and_fits_its_pods(
    manifests: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADSCAPE_STORAGE", "postgresql://ann@db/optuna")
    monkeypatch.setenv("GRADSCAPE_TRACKING_URI", "http://mlflow:5000")
    config = StudyConfig.from_text(manifests["ConfigMap"]["data"]["study.yaml"])
    (group,) = manifests["RayJob"]["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    limits = group["template"]["spec"]["containers"][0]["resources"]["limits"]
    wanted = config.resources
    assert wanted.gpus_per_worker <= limits["nvidia.com/gpu"]
    assert wanted.cpus_per_worker <= int(limits["cpu"])


def test_cluster_env_names_what_the_scripts_use() -> None:
    given = set(re.findall(r"^([A-Z_]+)=", (EXAMPLES / "cluster.env.example").read_text(), re.M))
    used = set()
    for script in EXAMPLES.glob("*.sh"):
        used |= set(
            re.findall(r"\$\{?((?:GRADSCAPE|MLFLOW|POSTGRES)_[A-Z_]+)", script.read_text())
        )
    of_tests = {"POSTGRES_DATA", "GRADSCAPE_GRACE_S", "GRADSCAPE_NODE_OPTIONS"}
    assert used - of_tests <= given, used - of_tests - given
