"""Makes the README's picture, the first screen of the demo's report.

    make demo
    .venv/bin/python docs/images.py               of ./gradscape, or --home DIR

Needs Chromium and its driver, as the tests of pages do. The pictures of docs/mlflow.md are made by
tests/end_to_end/test_mlflow_ui.py.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

PICTURE = Path(__file__).resolve().parent / "images" / "regions.png"
WIDTH, HEIGHT = 1266, 560
WAIT_S = 240.0


def take(page: Path) -> None:
    """Opens the page and keeps its first screen, once all is drawn."""
    options = Options()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
        options.add_argument(f"--{flag}")
    options.add_argument("--hide-scrollbars")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options.add_argument(f"--user-data-dir={profile}")
        browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        browser.set_script_timeout(WAIT_S)
        try:
            browser.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False},
            )
            browser.get(page.as_uri())
            drawn = "return 'drawn' in document.documentElement.dataset"
            WebDriverWait(browser, WAIT_S).until(lambda opened: opened.execute_script(drawn))
            browser.save_screenshot(str(PICTURE))
        finally:
            browser.quit()


def main() -> None:
    """Takes the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, default=Path("gradscape"))
    home = parser.parse_args().home.resolve()
    take(home / "studies" / "digits-mlp" / "report" / "index.html")
    print(f"wrote {PICTURE}")


if __name__ == "__main__":
    main()
