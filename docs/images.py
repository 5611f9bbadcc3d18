"""Makes the pictures of the README and of docs/mlflow.md from the demo's results.

    make demo
    .venv/bin/python docs/images.py                    of ./gradscape
    .venv/bin/python docs/images.py --home DIR --only regions

Needs Chromium and its driver, as the tests of pages do.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from mlflow import MlflowClient
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

IMAGES = Path(__file__).resolve().parent / "images"
STUDY = "digits-mlp"
WAIT_S = 240.0
DRAWN = "return 'drawn' in document.documentElement.dataset"
FLAT = "orderByKey=metrics.%60loss_final%60"
"""Sorted by a metric MLflow lists trials by themselves."""

Ready = Callable[[webdriver.Chrome], object]


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """A browser without a window and with an empty profile."""
    options = Options()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options.add_argument(f"--user-data-dir={profile}")
        browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        browser.set_page_load_timeout(WAIT_S)
        try:
            yield browser
        finally:
            browser.quit()


@contextmanager
def pages_of(home: Path, port: int) -> Iterator[tuple[str, str]]:
    """`gradscape ui` while it runs: the address of MLflow, and of the study's runs."""
    command = [sys.executable, "-m", "study", "ui", "--home", str(home), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            for line in server.stdout:
                if line.startswith(f"{STUDY}: "):
                    yield f"http://127.0.0.1:{port}", line.removeprefix(f"{STUDY}: ").strip()
                    return
            raise SystemExit(f"gradscape ui ended without a link to {STUDY}")
        finally:
            server.terminate()


def take(
    browser: webdriver.Chrome, name: str, address: str, size: tuple[int, int], ready: Ready
) -> None:
    """Opens a page and keeps its first screen, once it is ready."""
    width, height = size
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )
    browser.get("about:blank")
    browser.get(address)
    WebDriverWait(browser, WAIT_S).until(ready)
    browser.save_screenshot(str(IMAGES / f"{name}.png"))
    print(f"wrote docs/images/{name}.png")


def drawn_inside(browser: webdriver.Chrome) -> bool:
    """Whether a report inside MLflow's page has drawn itself."""
    frames = browser.find_elements(By.CSS_SELECTOR, "iframe")
    if not frames:
        return False
    browser.switch_to.frame(frames[0])
    try:
        return bool(browser.execute_script(DRAWN))
    finally:
        browser.switch_to.default_content()


def of_mlflow(browser: webdriver.Chrome, home: Path, port: int) -> None:
    """The pictures of docs/mlflow.md."""
    client = MlflowClient(f"sqlite:///{home}/mlflow.db")
    experiment = client.get_experiment_by_name(STUDY).experiment_id
    with pages_of(home, port) as (server, runs):
        browser.get(server)
        browser.execute_script(
            "localStorage['mlflow.assistant.fab.autoOpenedOnFirstLoad_v1'] = 'true';"
            "localStorage['mlflow.assistant.panelOpen_v1'] = 'false'"
        )
        _runs(browser, runs)
        run = _parent(client, experiment)
        page = f"{server}/#/experiments/{experiment}/runs/{run}"
        take(browser, "mlflow-parent", page, (1300, 850), lambda b: "trials:" in _text(b))
        report = f"{page}/artifacts/report/index.html"
        take(browser, "mlflow-report", report, (1300, 900), drawn_inside)
        figure = f"{page}/artifacts/report/figures/map-0.png"
        seen = "return [...document.querySelectorAll('img')].some(i => i.naturalWidth === 1720)"
        take(browser, "mlflow-map", figure, (1300, 800), lambda b: b.execute_script(seen))


def _runs(browser: webdriver.Chrome, runs: str) -> None:
    listed = "a[href*='/runs/']"
    asked = quote("tags.verdict = 'exploding' and params.activation = 'tanh'")
    address = f"{runs}&searchFilter={asked}&{FLAT}"
    take(
        browser,
        "mlflow-exploding",
        address,
        (1500, 800),
        lambda b: len(b.find_elements(By.CSS_SELECTOR, listed)) > 5,
    )
    asked = quote("params.depth = '16' and params.activation = 'tanh'")
    address = f"{runs}&searchFilter={asked}&{FLAT}&compareRunsMode=CHART"
    take(
        browser,
        "mlflow-charts",
        address,
        (1500, 1000),
        lambda b: len(b.find_elements(By.CSS_SELECTOR, ".js-plotly-plot .main-svg")) > 5,
    )


def _parent(client: MlflowClient, experiment: str) -> str:
    """Returns the run of the invocation that trained the study."""
    trial = client.search_runs([experiment], "tags.verdict = 'stable'", max_results=1)[0]
    return str(trial.data.tags["mlflow.parentRunId"])


def _text(browser: webdriver.Chrome) -> str:
    return str(browser.find_element(By.TAG_NAME, "body").text)


def main() -> None:
    """Takes the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, default=Path("gradscape"))
    parser.add_argument("--port", type=int, default=5870)
    parser.add_argument("--only", choices=["regions", "mlflow"])
    args = parser.parse_args()
    home = args.home.resolve()
    with chromium() as browser:
        if args.only != "mlflow":
            page = home / "studies" / STUDY / "report" / "index.html"
            address = page.as_uri()
            take(browser, "regions", address, (1280, 560), lambda b: b.execute_script(DRAWN))
        if args.only != "regions":
            of_mlflow(browser, home, args.port)


if __name__ == "__main__":
    main()
