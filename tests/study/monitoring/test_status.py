from __future__ import annotations

from study.lease import LockFile, this_process
from study.monitoring.driver_record import recorded
from study.monitoring.status import trials_while_it_runs
from study.paths import StudyPaths


def test_a_study_runs_as_long_as_somebody_holds_it(tmp_path):
    paths = StudyPaths(home=tmp_path, study="one")
    paths.folder.mkdir(parents=True)
    assert trials_while_it_runs(paths) is None
    lock = LockFile(paths.lock, study="one")
    lock.take(this_process(tmp_path), take_over=False)
    with recorded(paths.driver_record, trials=64):
        assert trials_while_it_runs(paths) == 64
    lock.release()
    assert trials_while_it_runs(paths) is None
