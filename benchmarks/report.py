"""What the stability report of a large study costs: seconds by part, memory, size of the page.

Makes studies as the product writes them (report_study.py; above 100,000 trials with 4 recorded
steps each instead of 13, as the report reads steps and layers of a few trials only), writes the
report of each in a new process, and prints the clock's and the CPU's seconds by part: reading the
tables, each finding that sections share, each section's view, the files, the figures. Bounds:
100,000 trials in 30 s and 2 GB on two cores, 1,000,000 in 4 minutes, the page below 10 MB. On a
machine that does other work as well, the CPU's seconds tell more than the clock's.

    python benchmarks/report.py                                    1,000 and 100,000 trials
    python benchmarks/report.py --trials 1000000 --keep /big/disk  4 GB, kept for the next time
    python benchmarks/report.py --tables trials --json
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

LIMITS_S = {100_000: 30.0, 1_000_000: 240.0}
LIMIT_GB, PAGE_MB = 2.0, 10.0
SHOWN_S = 0.05


class Clock:
    """Seconds of clock and of its thread's CPU by part; what runs inside another counts there.

    Threads that a library starts by itself count in no part, only in the whole.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self._local = threading.local()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Around what counts as this part."""
        stack: list[list[float]] = self._local.__dict__.setdefault("stack", [])
        inner = [0.0, 0.0]
        stack.append(inner)
        began = (time.perf_counter(), time.thread_time())
        try:
            yield
        finally:
            spent = [time.perf_counter() - began[0], time.thread_time() - began[1]]
            stack.pop()
            for place in (0, 1):
                self.seconds[name][place] += spent[place] - inner[place]
                if stack:
                    stack[-1][place] += spent[place]

    def watch(self, owner: Any, attribute: str, name: Callable[..., str]) -> None:
        """Counts calls of a function, under a name made of their arguments."""
        plain = getattr(owner, attribute)

        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.part(name(*args)):
                return plain(*args, **kwargs)

        # Sections are frozen; here they are only looked at.
        put = type.__setattr__ if isinstance(owner, type) else object.__setattr__
        put(owner, attribute, timed)


def measure(home: Path, study: str, options: dict[str, Any]) -> dict[str, Any]:
    """Writes one report in this process and says what it cost."""
    began = time.perf_counter()
    from analysis import write_report
    from analysis.report import write
    from analysis.report.files import images
    from analysis.report.findings.evidence import Evidence
    from analysis.report.sections import SECTIONS

    clock = Clock()
    clock.seconds["importing"] = [time.perf_counter() - began, _cpu_s()]
    for name in ("gather", "write_tables", "write_derived", "render_page", "render_text"):
        clock.watch(write, name, lambda *args, name=name: name.replace("_", " "))
    clock.watch(images.ImageWriter, "finish", lambda *args: "waiting for images")
    find = Evidence.of

    def of(evidence: Evidence, finding: Callable[[Evidence], Any]) -> Any:
        name = f"{finding.__module__.rpartition('.')[2]}.{finding.__name__}"
        with clock.part(f"finding {name}"):
            return find(evidence, finding)

    Evidence.of = of  # type: ignore[method-assign]
    for section in SECTIONS:
        for what in ("view", "tables", "summary", "text"):
            label = f"section {section.name} ({what})"
            clock.watch(section, what, lambda evidence, label=label: label)
    with clock.part("the rest"), tempfile.TemporaryDirectory(dir=home) as out:
        page = write_report(study, home=home, out=out, **options)
        files = {
            path.name: path.stat().st_size for path in page.parent.rglob("*") if path.is_file()
        }
    return {
        "seconds": time.perf_counter() - began,
        "cpu_s": _cpu_s(),
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "page_mb": files["index.html"] / 1e6,
        "files_mb": {name: round(size / 1e6, 2) for name, size in sorted(files.items())},
        "parts": dict(sorted(clock.seconds.items(), key=lambda item: -item[1][1])),
    }


def _cpu_s() -> float:
    """Of this process and of programs it started and saw end."""
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def in_new_process(home: Path, study: str, options: dict[str, Any]) -> dict[str, Any]:
    """`measure`, where nothing was imported or read before."""
    command = [sys.executable, __file__, "--measure", str(home), study, json.dumps(options)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def show(trials: int, found: dict[str, Any]) -> bool:
    """Prints one size; tells whether it is within bounds."""
    print(
        f"\n{trials:,} trials: {found['seconds']:.1f} s, {found['cpu_s']:.1f} s of CPU,", end=" "
    )
    print(f"peak {found['peak_gb']:.2f} GB, page {found['page_mb']:.2f} MB")
    for name, (seconds, cpu_s) in found["parts"].items():
        if max(seconds, cpu_s) >= SHOWN_S:
            print(f"  {name:<48} {seconds:8.2f} s {cpu_s:8.2f} s of CPU")
    largest = sorted(found["files_mb"].items(), key=lambda item: -item[1])[:6]
    print("  files, MB: " + ", ".join(f"{name} {size:g}" for name, size in largest))
    within = found["page_mb"] <= PAGE_MB and found["seconds"] <= LIMITS_S.get(trials, 1e9)
    return within and (trials > 100_000 or found["peak_gb"] <= LIMIT_GB)


def main() -> int:
    """Makes what is missing, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--keep", type=Path, help="folder that keeps the studies")
    parser.add_argument("--tables", choices=["auto", "all", "trials"], default="auto")
    parser.add_argument("--figures", default="png,svg", help="formats of images, or none")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        home, study, options = args.measure
        print(json.dumps(measure(Path(home), study, json.loads(options))))
        return 0
    from report_study import write_study

    formats = [] if args.figures == "none" else args.figures.split(",")
    options = {"tables": args.tables, "figures": formats}
    within = True
    with tempfile.TemporaryDirectory() as scratch:
        home = args.keep or Path(scratch)
        for number in args.trials:
            study = f"r{number}"
            if not (home / "studies" / study / "made").exists():
                recorded = 13 if number <= 100_000 else 4
                (write_study(home, study, number, recorded=recorded) / "made").touch()
            found = in_new_process(home, study, options)
            if args.json:
                print(json.dumps({"trials": number, **found}))
            else:
                within &= show(number, found)
    if not within:
        print("beyond a bound")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
