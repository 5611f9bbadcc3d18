"""Headless Chromium for tests that look at pages."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

INSTALL = "apt-get install chromium chromium-driver"

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A container's /dev/shm may hold no more than 64 MiB.
    "--disable-dev-shm-usage",
)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A Chromium with an empty profile; skipped where there is none, failed on CI."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        if os.environ.get("CI"):
            pytest.fail(INSTALL)
        pytest.skip(INSTALL)
    options = Options()
    options.binary_location = chromium
    for flag in _FLAGS:
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=Service(driver))
    chrome.set_page_load_timeout(240)
    chrome.set_script_timeout(240)
    yield chrome
    chrome.quit()


def set_viewport(chrome: webdriver.Chrome, *, width: int, height: int = 900) -> None:
    """Gives the page a viewport of this size in CSS pixels, narrower than windows can be too."""
    chrome.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )


def set_color_scheme(chrome: webdriver.Chrome, scheme: str) -> None:
    """Makes pages see `prefers-color-scheme: light` or `dark`."""
    feature = {"name": "prefers-color-scheme", "value": scheme}
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def save_full_page(chrome: webdriver.Chrome, path: Path) -> Path:
    """A PNG of the whole page, beyond the viewport too."""
    shot = chrome.execute_cdp_cmd(
        "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True}
    )
    path.write_bytes(base64.b64decode(shot["data"]))
    return path


def severe_messages(chrome: webdriver.Chrome) -> list[str]:
    """What the console has of errors since it was last asked."""
    return [entry["message"] for entry in chrome.get_log("browser") if entry["level"] == "SEVERE"]
