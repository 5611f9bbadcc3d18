"""What the report's page costs its reader: bytes, first paint, from a slider to the picture.

Makes studies as the product writes them (report_study.py), writes their reports, opens them in
headless Chromium at 1280 pixels and prints size, words and height, first contentful paint, the
time until all is drawn, and the median of 20 moves of each slider until the frame in which the
maps are painted, for three hyperparameters up the map. Bounds: 10 MB, 2 s, 100 ms.

    python benchmarks/page.py                          10, 3,000 and 100,000 trials
    python benchmarks/page.py --page report/index.html one that is there
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

sys.path.insert(0, str(Path(__file__).resolve().parent))

PAGE_MB, PAINT_MS, SLIDER_MS = 10.0, 2000.0, 100.0

_MOVES = """
const done = arguments[arguments.length - 1];
(async () => {
  const slowest = [];
  const frame = () => new Promise((shown) => requestAnimationFrame(shown));
  const others = window.gradscape ? [...document.querySelectorAll("#walk-y option")] : [];
  for (const option of others.slice(0, 3)) {
    const axis = document.getElementById("walk-y");
    axis.value = option.value;
    axis.dispatchEvent(new Event("change"));
    for (const slider of document.querySelectorAll("#walk-settings input[type=range]")) {
      const times = [];
      for (let move = 0; move < 20; move += 1) {
        slider.value = (move + 0.5) / 20;
        const began = performance.now();
        slider.dispatchEvent(new Event("input"));
        await frame();
        times.push(performance.now() - began);
      }
      times.sort((one, other) => one - other);
      slowest.push([times[10], times[19]]);
    }
  }
  done(slowest);
})();
"""


def measure(page: Path) -> dict[str, Any]:
    """Opens a page and says what it cost, in MB and milliseconds."""
    options = Options()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    with tempfile.TemporaryDirectory() as profile:
        options.add_argument(f"--user-data-dir={profile}")
        driver = shutil.which("chromedriver")
        browser = webdriver.Chrome(options=options, service=Service(driver))
        try:
            browser.set_script_timeout(300)
            browser.set_window_size(1280, 900)
            began = time.perf_counter()
            browser.get(page.as_uri())
            drawn = "return 'drawn' in document.documentElement.dataset"
            WebDriverWait(browser, 120).until(lambda page: page.execute_script(drawn))
            all_drawn = 1000 * (time.perf_counter() - began)
            paint = browser.execute_script(
                "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
            )
            words, height = browser.execute_script(
                "return [document.body.innerText.split(/\\s+/).length,"
                " document.documentElement.scrollHeight]"
            )
            moves = browser.execute_async_script(_MOVES)
        finally:
            browser.quit()
    return {
        "mb": page.stat().st_size / 1e6,
        "words": words,
        "height": height,
        "paint_ms": paint,
        "drawn_ms": all_drawn,
        "slider_ms": max((middle for middle, _ in moves), default=0.0),
        "slowest_ms": max((last for _, last in moves), default=0.0),
    }


def main() -> int:
    """Makes what is missing, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, nargs="+", default=[10, 3_000, 100_000])
    parser.add_argument("--page", type=Path, help="a page that is there")
    parser.add_argument("--keep", type=Path, help="folder that keeps studies and pages")
    args = parser.parse_args()
    within = True
    with tempfile.TemporaryDirectory() as scratch:
        home = args.keep or Path(scratch)
        pages = {"page": args.page.resolve()} if args.page else {}
        for number in [] if args.page else args.trials:
            pages[f"{number:,} trials"] = _page_of(home, number)
        for name, page in pages.items():
            found = measure(page)
            print(
                f"{name:<16} {found['mb']:6.2f} MB  {found['words']:,} words  "
                f"{found['height']:,} px  first paint {found['paint_ms']:6.0f} ms  "
                f"all drawn {found['drawn_ms']:6.0f} ms  slider to picture "
                f"{found['slider_ms']:5.0f} ms (slowest {found['slowest_ms']:.0f})"
            )
            within &= found["mb"] <= PAGE_MB and found["paint_ms"] <= PAINT_MS
            within &= found["slider_ms"] <= SLIDER_MS
    if not within:
        print("beyond a bound")
    return 0 if within else 1


def _page_of(home: Path, number: int) -> Path:
    from report_study import write_study

    from analysis import write_report

    study = f"r{number}"
    if not (home / "studies" / study / "made").exists():
        (write_study(home, study, number) / "made").touch()
    return write_report(study, home=home, tables="trials")


if __name__ == "__main__":
    sys.exit(main())
