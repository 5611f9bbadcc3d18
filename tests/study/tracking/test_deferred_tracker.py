from __future__ import annotations

import threading

import pytest

from study.tracking import DeferredTracker, NullTracker, TrackingUnavailable


class Server:
    """Opens a tracker, or says that it is away; counts how often it was asked."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.asked = 0
        self.first_try = threading.Event()

    def open(self) -> NullTracker:
        self.asked += 1
        self.first_try.set()
        if self.faults:
            raise self.faults.pop(0)
        return NullTracker()


def test_it_opens_before_the_first_call_and_once():
    server = Server()
    tracker = DeferredTracker(server.open)
    assert server.first_try.wait(120)
    tracker.update_counts({})
    tracker.close("FINISHED")
    assert server.asked == 1


def test_a_server_that_was_away_is_told_without_asking_it_again_and_then_tried_again():
    # The first call asked once more, and so waited twice for a server that keeps silent.
    server = Server(TrackingUnavailable("timed out"))
    tracker = DeferredTracker(server.open)
    assert server.first_try.wait(120)
    with pytest.raises(TrackingUnavailable, match="timed out"):
        tracker.update_counts({})
    assert server.asked == 1
    tracker.update_counts({})
    assert server.asked == 2


def test_another_fault_is_raised_by_every_call():
    server = Server(ZeroDivisionError("a bug"))
    tracker = DeferredTracker(server.open)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError, match="a bug"):
            tracker.close("FAILED")
    assert server.asked == 1
