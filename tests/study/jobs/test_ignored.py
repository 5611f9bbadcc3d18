"""What is uploaded is what Ray itself would upload."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from ray._private.ray_constants import get_runtime_env_default_excludes
from ray._private.runtime_env.packaging import create_package

from study.jobs.working_folder import files_of

FILES = [
    "net.py",
    "data/a.bin",
    "data/keep.txt",
    "runs/1/log",
    "runs/keep/log",
    "deep/er/notes.tmp",
    "deep/er/ok.py",
    "deep/cache/x",
    "deep/private.key",
    ".git/config",
    "sub/.git/config",
    ".venv/bin/python",
    "venv/lib/x.py",
    "pkg/__pycache__/a.pyc",
    "pkg/a.py",
    ".hidden",
    "with space/ü.txt",
    "build",
    "sub/build/x",
    "logs/x.log",
    "logs/important.log",
]
IGNORE = {
    ".gitignore": "# no data\ndata/*\n!data/keep.txt\nruns\n!runs/keep\n*.tmp\n/build\n\n*.log\n",
    ".rayignore": "logs/x.log\n",
    "deep/.gitignore": "cache/\n",
    "deep/.rayignore": "*.key\n",
    "sub/.gitignore": "!build\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "code"
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    for name, text in IGNORE.items():
        (root / name).write_text(text)
    (root / "empty" / "inner").mkdir(parents=True)
    (root / "link.py").symlink_to(root / "net.py")
    (root / "linked").symlink_to(root / "pkg")
    (root / "broken").symlink_to(root / "nothing")
    return root


def uploaded_by_ray(folder: Path, *, gitignore: bool = True) -> set[str]:
    target = folder.parent / f"ray-{gitignore}.zip"
    create_package(
        str(folder),
        target,
        include_gitignore=gitignore,
        include_parent_dir=False,
        excludes=get_runtime_env_default_excludes(),
    )
    with zipfile.ZipFile(target) as archive:
        return {name.rstrip("/") for name in archive.namelist()}


def uploaded(folder: Path) -> set[str]:
    return {str(file.path) for file in files_of(folder)}


def test_as_ray_does(folder: Path) -> None:
    found = uploaded(folder)
    assert found == uploaded_by_ray(folder)
    assert {"net.py", "data/keep.txt", "empty/inner", "linked/a.py", "link.py"} <= found
    left_out = {"data/a.bin", ".git/config", "sub/.git/config", "runs/1/log", "deep/private.key"}
    assert not left_out & found


def test_rays_own_variables(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_OVERRIDE_RUNTIME_ENV_DEFAULT_EXCLUDES", ".git, pkg")
    assert uploaded(folder) == uploaded_by_ray(folder)
    assert "venv/lib/x.py" in uploaded(folder)
    monkeypatch.setenv("RAY_RUNTIME_ENV_IGNORE_GITIGNORE", "1")
    assert uploaded(folder) == uploaded_by_ray(folder, gitignore=False)
    assert "data/a.bin" in uploaded(folder)


def test_results_stay_here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "gradscape" / "studies" / "small").mkdir(parents=True)
    (folder / "gradscape" / "mlflow.db").write_text("results")
    monkeypatch.chdir(folder)
    monkeypatch.delenv("GRADSCAPE_HOME", raising=False)
    assert not any(name.startswith("gradscape") for name in uploaded(folder))
    monkeypatch.setenv("GRADSCAPE_HOME", str(folder / "elsewhere"))
    assert "gradscape/mlflow.db" in uploaded(folder)


def test_a_link_to_a_folder_above_ends(folder: Path) -> None:
    (folder / "deep" / "loop").symlink_to(folder)
    assert not any("loop" in name for name in uploaded(folder))
