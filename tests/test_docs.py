"""Documents are executed, and what is made from the code is up to date."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
import yaml

from study.study_file import StudyConfig

ROOT = Path(__file__).parent.parent


def test_generated_pages_are_up_to_date() -> None:
    generate = runpy.run_path(str(ROOT / "docs" / "generate.py"))
    for path, text in generate["pages"]().items():
        assert path.read_text(encoding="utf-8") == text, f"run `make docs`: {path.name} is old"


def test_the_study_files_in_the_documents_are_valid() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = [one for one in re.findall(r"```yaml\n(.*?)```", readme, re.S) if "study:" in one]
    assert blocks
    for block in blocks:
        assert StudyConfig.from_text(block).trials >= 1


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in ROOT.glob("docs/*.md"))]
)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (ROOT / page).parent.joinpath(target).exists(), f"{page} links to {target}"


def test_every_dependency_says_what_needs_it() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if re.match(r'\s+"[A-Za-z].*[>=<].*",', line)]
    assert len(wanted) > 15
    assert all("#" in line for line in wanted)


def test_constraints_pin_every_dependency() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").lower()
    for line in (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines():
        match = re.match(r'\s+"([A-Za-z0-9_.-]+)(?:\[\w+\])?\s*(?:[>=<].*)?",\s+#', line)
        if match:
            name = match[1].lower().replace("_", "-")
            assert re.search(rf"^{re.escape(name)}==", pins, re.M), f"{name} is not pinned"


def test_ci_runs_what_developers_run() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.findall(r"^make (\w+)$", script, re.M) == ["lint", "test"]
    targets = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("help", "demo", "test", "check", "docs", "bench"):
        assert re.search(rf"^{target}:", targets, re.M)


def test_presets_name_themselves() -> None:
    for path in (ROOT / "study" / "presets").glob("*.yaml"):
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["study"] == path.stem
