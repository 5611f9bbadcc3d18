"""Documents are executed, and what is made from the code is up to date."""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from analysis import load_trials
from search_spaces.samplers import SAMPLERS
from study import run_study
from study.dispatch import InProcessDispatcher
from study.engine import NETWORKS, TASKS, CohortRecord, quantities, train_cohort
from study.engine.observing.tiers import STATISTICS
from study.engine.optimizers import OPTIMIZERS, make_optimizer
from study.preflight.configuration import preflight
from study.study_file import StudyConfig, load_study_file
from study.tables import LAYERS, StudyMetadata
from study.tables.schema import Column
from study.tracking import NullTracker
from study.verdicts import DEFAULT
from study.worker import rows
from tests.study.engine.conftest import make_trial
from tests.support.repository import ROOT

PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md"))),
]


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


def entry(page: str, names: dict[str, Any]) -> dict[str, Any]:
    """The line of a registry on a page, as a dict."""
    text = (ROOT / page).read_text(encoding="utf-8")
    (line,) = re.findall(r'^    ("\w+": \w+),$', text, re.M)
    found = eval(f"{{{line}}}", names)
    assert isinstance(found, dict)
    return found


def named(page: str) -> str:
    """The line of a list of names on a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    (name,) = re.findall(r'^    "(\w+)",$', text, re.M)
    return str(name)


def test_generated_pages_are_up_to_date() -> None:
    generate = runpy.run_path(str(ROOT / "docs" / "generate.py"))
    for path, text in generate["pages"]().items():
        assert path.read_text(encoding="utf-8") == text, f"run `make docs`: {path.name} is old"


def test_the_study_files_in_the_documents_are_valid() -> None:
    found = [block for page in PAGES for block in blocks(page, "yaml") if "study:" in block]
    assert len(found) >= 3
    for block in found:
        assert StudyConfig.from_text(block).trials >= 1


def test_the_readme_names_all_that_comes_with_it() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\w+) \| (.*) \|$", text, re.M))
    registries = {
        "networks": NETWORKS,
        "tasks": TASKS,
        "optimizers": OPTIMIZERS,
        "samplers": SAMPLERS,
        "statistics": STATISTICS,
    }
    for heading, registry in registries.items():
        assert set(re.findall(r"`(\w+)`", rows[heading])) == set(registry)


@pytest.mark.parametrize("page", PAGES)
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


@pytest.fixture
def imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test imports from its own folder is new to it, and gone afterwards."""
    own = ("mine", "waves")
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in own:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield
    for name in own:
        sys.modules.pop(name, None)


def train(**options: Any) -> CohortRecord:
    """Four trials of an MLP on digits, three steps."""
    settings = {"task": TASKS["digits"](), "network": NETWORKS["mlp"], **options}
    hyperparameters = settings.pop("hyperparameters", {})
    trials = [make_trial(number, **hyperparameters) for number in range(4)]
    return train_cohort(trials, steps=3, **settings)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["network", "task"])
@pytest.mark.usefixtures("imports")
def test_your_own_network_and_task_run_as_printed(kind: str, tmp_path: Path) -> None:
    page = f"docs/extending/{kind}.md"
    (code,), (text,) = blocks(page, "python"), blocks(page, "yaml")
    study_file = tmp_path / "study.yaml"
    study_file.write_text(text, encoding="utf-8")
    module = str(yaml.safe_load(text)[kind]).partition(":")[0]
    (tmp_path / f"{module}.py").write_text(code, encoding="utf-8")
    config = load_study_file(study_file).with_trials(6).with_steps(3)
    assert preflight(config, code=[tmp_path]).notices == [], "it should have been vectorized"
    result = run_study(
        config,
        home=tmp_path / "home",
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
        code=[tmp_path],
    )
    assert result.complete and result.trained == 6
    trials = load_trials(config.study, home=tmp_path / "home")
    assert set(config.hyperparameters) <= set(trials.columns)


def test_the_tasks_of_the_page_are_made_as_printed() -> None:
    names: dict[str, Any] = {}
    for code in blocks("docs/tasks.md", "python"):
        exec(code, names)
    assert names["moons"](noise=0.2).chance == 0.5
    prices = names["prices"]()
    spread = (prices.targets - prices.targets.median()).abs().mean()
    assert prices.loss_chance == pytest.approx(float(spread), rel=1e-3)
    digits = TASKS["digits"]()
    noisy = names["noisy_digits"]()
    right = (noisy.targets == digits.targets).double().mean()
    assert float(right) == pytest.approx(0.8 + 0.2 * 0.1, abs=0.03)
    assert names["standardized_teacher"]().inputs.square().mean() == pytest.approx(1)


def test_a_network_becomes_built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, Any] = {}
    exec(blocks("docs/extending/network.md", "python")[0], names)
    name = named("docs/extending/network.md")
    monkeypatch.setitem(NETWORKS, name, names[name])
    shared = {"network": NETWORKS["highway"], "hyperparameters": {"gate_bias": -2}}
    together, apart = (train(**shared, execution=one) for one in ("vectorized", "looped"))
    np.testing.assert_allclose(together.loss, apart.loss, rtol=1e-9)
    activations = [layer.activation_name for layer in together.layers]
    assert activations == [None, *["tanh", "sigmoid"] * 3, None]


def test_a_task_becomes_built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, Any] = {}
    exec(blocks("docs/extending/task.md", "python")[0], names)
    name = named("docs/extending/task.md")
    monkeypatch.setitem(TASKS, name, names[name])
    task = TASKS["sine"](frequency=3)
    constant = task.targets.mean(dim=0).expand_as(task.targets)
    assert task.metric(constant, task.targets).mean() == pytest.approx(task.chance, abs=0.03)
    assert task.loss(constant, task.targets).mean() == pytest.approx(task.loss_chance, abs=0.03)
    assert task.inputs.square().mean() == pytest.approx(1, abs=0.03)
    assert np.isfinite(train(task=task).loss).all()


def test_an_optimizer_becomes_built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, Any] = {"torch": torch, "make_optimizer": make_optimizer}
    code, test = blocks("docs/extending/optimizer.md", "python")
    exec(code, names)
    for name, rule in entry("docs/extending/optimizer.md", names).items():
        monkeypatch.setitem(OPTIMIZERS, name, rule)
    exec(test, names)
    names["test_equals_a_plain_loop"]()
    record = train(hyperparameters={"optimizer": "signum", "learning_rate": 0.003})
    assert (record.loss[:, -1] != train().loss[:, -1]).all() and np.isfinite(record.loss).all()


def test_a_quantity_becomes_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    page = "docs/extending/quantity.md"
    names: dict[str, Any] = {"torch": torch, "np": np}
    for code in blocks(page, "python"):
        exec(code, names)
    names["test_equals_numpys_float16"]()
    for name, quantity in entry(page, names).items():
        monkeypatch.setitem(quantities.ON_DELTA, name, quantity)
    (declared,) = re.findall(r"^    _column\((.*)\),$", (ROOT / page).read_text(), re.M)
    name, kind, unit, meaning = eval(f"({declared})")
    column = Column(name=name, type=kind, unit=unit, meaning=meaning)
    monkeypatch.setattr(rows, "LAYERS", (*LAYERS, column))
    # Small weights in front of every delta but the last: the first ones fall below 2^-25.
    record = train(hyperparameters={"initialization": "small_normal", "init_gain": 1e-3})
    metadata = StudyMetadata(study="s", task="digits", network="mlp", hyperparameters={})
    digits = TASKS["digits"]()
    tables = rows.cohort_tables(record, task=digits, metadata=metadata, thresholds=DEFAULT)
    shares = tables.layers.column(name).to_pylist()
    assert shares[0] == 1.0 and shares[3] == 0.0
