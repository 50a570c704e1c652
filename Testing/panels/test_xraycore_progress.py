"""Progress, remaining time, and workers: no Qt, no MRML."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from XRayCoreLib.progress import JobCancelled, Progress
from XRayCoreLib.worker import Cancelled, Done, Failed, Worker


class Clock:
    """A clock that stands still until told otherwise."""

    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


@given(total_s=st.floats(1.0, 1e4), share=st.floats(0.05, 1.0), waited_s=st.floats(0.0, 1e3))
def test_remaining_time_of_steady_work_is_exact_and_counts_down_between_reports(total_s, share, waited_s):
    clock = Clock()
    progress = Progress(clock)
    clock.now_s += share * total_s
    progress("working", share)
    clock.now_s += waited_s
    assert progress.status.remaining_s == pytest.approx(max((1 - share) * total_s - waited_s, 0.0), abs=1e-6)


def test_remaining_time_is_unknown_until_something_is_done():
    progress = Progress()
    assert progress.status.remaining_s is None
    progress("compiling", 0.0)
    assert progress.status.remaining_s is None


def test_shares_are_clipped():
    progress = Progress()
    progress("late", 1.2)
    assert progress.status.share == 1.0
    progress("early", -0.1)
    assert progress.status.share == 0.0


def test_a_worker_hands_over_what_the_function_returns_from_another_thread():
    worker = Worker(lambda progress: threading.get_ident())
    worker.start()
    assert worker.wait(10)
    assert isinstance(worker.outcome, Done)
    assert worker.outcome.result != threading.get_ident()


def test_a_worker_stops_between_steps():
    steps, first_step = [], threading.Event()

    def count(progress):
        for step in range(1000):
            progress(f"step {step}", step / 1000)
            steps.append(step)
            first_step.set()
            may_go_on.wait(10)

    may_go_on = threading.Event()
    worker = Worker(count)
    worker.start()
    assert first_step.wait(10)
    worker.progress.cancel()
    assert worker.outcome is None, "a step is never broken off in its middle"
    may_go_on.set()
    assert worker.wait(10)
    assert worker.outcome == Cancelled()
    assert steps == [0]


def test_a_result_that_comes_after_cancel_is_not_handed_over():
    started, cancelled = threading.Event(), threading.Event()

    def one_step(progress):
        started.set()
        cancelled.wait(10)
        return "result"

    worker = Worker(one_step)
    worker.start()
    started.wait(10)
    worker.progress.cancel()
    cancelled.set()
    assert worker.wait(10)
    assert worker.outcome == Cancelled()


@pytest.mark.parametrize("error", [ValueError("bad"), SystemExit(1), MemoryError()])
def test_whatever_ends_the_function_reaches_the_watcher(error):
    def fail(progress):
        raise error

    worker = Worker(fail)
    worker.start()
    assert worker.wait(10)
    assert worker.outcome == Failed(error)


def test_without_a_worker_progress_lets_a_function_run_to_its_end():
    progress = Progress()
    for step in range(3):
        progress("step", step / 3)
    assert progress.status.text == "step"
    progress.cancel()
    with pytest.raises(JobCancelled):
        progress("one too many", 1.0)
