from __future__ import annotations

from pathlib import Path

from study.monitoring.driver_log import driver_log
from study.monitoring.progress import ProgressLog, StudyProgress


def test_progress_is_logged_from_time_to_time_and_at_the_end(tmp_path: Path) -> None:
    log = ProgressLog()
    with driver_log(tmp_path / "driver.log", None):
        for recorded in range(11):
            counts = {"stable": recorded}
            log(StudyProgress(total=10, before=0, recorded=recorded, verdicts=counts, elapsed_s=2))
    lines = (tmp_path / "driver.log").read_text().splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == [
        "0/10 trials  0 stable",
        "10/10 trials  5.0 trials/s  10 stable",
    ]
