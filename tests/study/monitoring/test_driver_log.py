from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from study.monitoring import driver_log as module
from study.monitoring.driver_log import DRIVER, NoticeHandler, driver_log, logged_to
from tests.support.repository import ROOT

logger = logging.getLogger("gradscape.some.part")


def lines(folder: Path) -> list[str]:
    return (folder / "driver.log").read_text().splitlines()


def test_lines_have_times_and_no_passwords(tmp_path: Path) -> None:
    shown: list[str] = []
    with driver_log(tmp_path / "driver.log", shown.append):
        logger.warning("MLflow at %s\nis away", "http://ann:hunter2@tracking:5000")
    (line,) = lines(tmp_path)
    assert line[4] == "-" and line[13] == ":"
    assert line.endswith("  MLflow at http://ann:***@tracking:5000 is away")
    assert shown == ["MLflow at http://ann:***@tracking:5000\nis away"]


def test_how_a_run_goes_on_is_for_the_file(tmp_path: Path) -> None:
    shown: list[str] = []
    with driver_log(tmp_path / "driver.log", shown.append):
        logging.getLogger(DRIVER).info("10/20 trials")
        logger.info("MLflow answers again")
        logger.debug("of no interest")
    assert [line.split("  ", 1)[1] for line in lines(tmp_path)] == [
        "10/20 trials",
        "MLflow answers again",
    ]
    assert shown == ["MLflow answers again"]


def test_it_stays_small_and_the_part_before_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST_BYTES", 1000)
    with driver_log(tmp_path / "driver.log", None):
        for number in range(100):
            logger.warning("line %d", number)
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes.keys() == {"driver.log", "driver.log.1"} and max(sizes.values()) <= 1000
    kept = (tmp_path / "driver.log.1").read_text().splitlines() + lines(tmp_path)
    numbers = [int(line.rsplit(" ", 1)[1]) for line in kept]
    assert numbers == list(range(numbers[0], 100))


def test_a_log_that_cannot_be_written_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with driver_log(tmp_path / "missing" / "driver.log", lambda text: None):
        logger.warning("lost")
    assert capsys.readouterr().err == ""


def test_a_callback_that_raises_costs_no_study(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with driver_log(tmp_path / "driver.log", lambda text: [][0]):
        logger.warning("a cohort was lost")
    assert "IndexError" in capsys.readouterr().err
    assert lines(tmp_path)[0].endswith("a cohort was lost")


def test_handlers_and_level_are_there_for_the_run_only(tmp_path: Path) -> None:
    root = logging.getLogger("gradscape")
    before = root.level, list(root.handlers)
    with pytest.raises(KeyError), driver_log(tmp_path / "driver.log", print):
        assert len(root.handlers) == 2 and logger.isEnabledFor(logging.INFO)
        raise KeyError
    assert (root.level, list(root.handlers)) == before == (logging.NOTSET, [])
    root.setLevel(logging.ERROR)
    try:
        with driver_log(tmp_path / "driver.log", print):
            assert not logger.isEnabledFor(logging.WARNING)
        assert root.level == logging.ERROR
    finally:
        root.setLevel(logging.NOTSET)


def test_lines_of_many_threads_are_whole(tmp_path: Path) -> None:
    shown: list[str] = []

    def log(name: int) -> None:
        for number in range(200):
            logger.info("%d-%d", name, number)

    with logged_to(NoticeHandler(shown.append)), driver_log(tmp_path / "driver.log", None):
        threads = [threading.Thread(target=log, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    wanted = sorted(f"{name}-{number}" for name in range(4) for number in range(200))
    assert sorted(shown) == wanted
    assert sorted(line.split("  ")[1] for line in lines(tmp_path)) == wanted


SCRIPT = """
import logging, sys
from pathlib import Path
import study
from study.monitoring.driver_log import driver_log

root = logging.getLogger("gradscape")
assert root.handlers == [] and root.level == logging.NOTSET
if sys.argv[2:]:
    logging.basicConfig(stream=sys.stdout, format="own: %(message)s")
with driver_log(Path(sys.argv[1]), None):
    logging.getLogger("gradscape.dispatch").warning("cohort 3 lost")
    logging.getLogger("gradscape.dispatch").info("the cluster has room")
"""


@pytest.mark.parametrize("configured", [False, True], ids=["plain", "with handlers of its own"])
def test_a_program_that_uses_the_library_sees_warnings_once(
    tmp_path: Path, configured: bool
) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "driver.log"), *["own"] * configured]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    if configured:
        assert ran.stderr == ""
        assert ran.stdout == "own: cohort 3 lost\nown: the cluster has room\n"
    else:
        assert ran.stdout == "" and ran.stderr == "cohort 3 lost\n"
