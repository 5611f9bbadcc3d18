"""axe-core's accessibility check of a page in Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver

PACKAGE = "axe-core@4.10.3"

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core, installed by npm; skipped where there is none, failed on CI."""
    folder = tmp_path_factory.mktemp("npm")
    install = f"npm install --prefix FOLDER {PACKAGE}"
    npm = shutil.which("npm")
    if npm is None:
        why = f"the accessibility check needs npm, for `{install}`"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)
    ended = subprocess.run(
        [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", PACKAGE],
        capture_output=True,
        text=True,
        timeout=180,
    )
    script = Path(folder, "node_modules", "axe-core", "axe.min.js")
    if ended.returncode or not script.exists():
        why = f"`{install}` failed: {ended.stderr.strip()[-300:]}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)
    return script.read_text(encoding="utf-8")


def violations(chrome: webdriver.Chrome, script: str) -> list[str]:
    """What axe finds wrong with the page that is open: rule, why, and up to three places.

    Checks WCAG 2.2 up to level AA and axe's best practices.
    """
    chrome.execute_script(script)
    found: dict[str, Any] = chrome.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run(document, {runOnly: arguments[0], resultTypes: ['violations']})"
        ".then(done, error => done({violations: [], error: String(error)}))",
        list(RULES),
    )
    assert "error" not in found, found["error"]
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: "
        + "; ".join(f"{node['target']} {node['html'][:160]}" for node in one["nodes"][:3])
        for one in found["violations"]
    ]
