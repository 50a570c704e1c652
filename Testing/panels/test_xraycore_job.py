"""Jobs: results and errors on the main thread, cancel, and a scene that changes under them."""

import gc
import threading
import time
import weakref

import pytest
import slicer

from standin import CapturedMessages
from xray3d.errors import VolumeError
from XRayCoreLib import job
from XRayCoreLib.jobbar import JobBar, remainingText

OWNER = "TestModule"
LIMIT_S = 20


class Ends:
    """Collects what a job calls, and on which thread."""

    def __init__(self):
        self.results, self.errors, self.statuses, self.threads = [], [], [], set()

    def onProgress(self, status):
        self.threads.add(threading.current_thread())
        self.statuses.append(status)

    def onDone(self, result):
        self.threads.add(threading.current_thread())
        self.results.append(result)

    def onError(self, sentence, details):
        self.threads.add(threading.current_thread())
        self.errors.append((sentence, details))

    def run(self, function, nodes=()):
        return job.run(OWNER, function, self.onProgress, self.onDone, self.onError, nodes)


class Steps:
    """A function of many steps that a test holds up and lets go."""

    def __init__(self):
        self.started, self.letGo = threading.Event(), threading.Event()

    def __call__(self, progress):
        progress("First step", 0.25)
        self.started.set()
        assert self.letGo.wait(LIMIT_S)
        progress("Second step", 0.75)
        return "result"


def spinUntil(condition):
    """Run the application's events until `condition()` holds."""
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        slicer.app.processEvents()


def spinToEnd():
    spinUntil(lambda: not job.isRunning(OWNER))


@pytest.fixture(autouse=True)
def _no_job_left():
    yield
    job.abandonAll()


@pytest.fixture
def ends():
    return Ends()


@pytest.fixture
def steps():
    steps = Steps()
    yield steps
    steps.letGo.set()


def test_result_and_progress_arrive_on_the_main_thread(ends, steps):
    ends.run(steps)
    spinUntil(lambda: ends.statuses and ends.statuses[-1].text == "First step")
    assert ends.statuses[-1].share == 0.25
    steps.letGo.set()
    spinToEnd()
    assert ends.results == ["result"]
    assert ends.errors == []
    assert ends.threads == {threading.main_thread()}


def test_cancel_between_steps(ends, steps):
    handle = ends.run(steps)
    steps.started.wait(LIMIT_S)
    handle.cancel()
    steps.letGo.set()
    spinToEnd()
    assert ends.results == []
    assert ends.errors == [("Cancelled; nothing was changed.", "")]


def test_an_error_of_the_library_is_its_sentence_alone(ends):
    def fail(progress):
        raise VolumeError("CT is empty; load it again.")

    ends.run(fail)
    spinToEnd()
    assert ends.errors == [("CT is empty; load it again.", "")]


def test_an_unexpected_error_is_a_sentence_with_the_traceback_as_details(ends):
    def fail(progress):
        raise ZeroDivisionError("by nothing")

    ends.run(fail)
    spinToEnd()
    [(sentence, details)] = ends.errors
    assert "ZeroDivisionError" in sentence
    assert "\n" not in sentence
    assert "in fail" in details
    assert "by nothing" in details


def test_an_error_while_the_result_is_written_is_told_as_well(ends):
    def write(result):
        raise VolumeError("Cannot be written.")

    job.run(OWNER, lambda progress: 1, ends.onProgress, write, ends.onError)
    spinToEnd()
    assert ends.errors == [("Cannot be written.", "")]


def test_scene_closed_while_running(ends, steps):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    ends.run(steps, [node])
    steps.started.wait(LIMIT_S)
    slicer.mrmlScene.Clear(0)
    steps.letGo.set()
    spinToEnd()
    assert ends.results == []
    assert ends.errors == [("The scene was closed while the job ran; its result was dropped.", "")]


def test_node_deleted_while_running(ends, steps):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Patient 7")
    ends.run(steps, [node])
    steps.started.wait(LIMIT_S)
    slicer.mrmlScene.RemoveNode(node)
    steps.letGo.set()
    spinToEnd()
    assert ends.results == []
    assert ends.errors == [('"Patient 7" was deleted while the job ran; its result was dropped.', "")]


def test_node_deleted_after_the_last_step_but_before_the_result_is_handed_over(ends):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    handle = ends.run(lambda progress: "result", [node])
    assert handle.worker.wait(LIMIT_S)
    slicer.mrmlScene.RemoveNode(node)
    spinToEnd()
    assert ends.results == []
    assert len(ends.errors) == 1


def test_nothing_keeps_a_job_that_has_ended(ends):
    """Else the scene would tell it of every later close, and the result's memory would stay."""
    handle = weakref.ref(ends.run(lambda progress: "result"))
    spinToEnd()
    gc.collect()
    assert handle() is None
    assert ends.results == ["result"]


def test_one_job_at_a_time_per_owner(ends, steps):
    ends.run(steps)
    with pytest.raises(job.JobRefused, match="still running"):
        ends.run(steps)
    others = Ends()
    job.run("OtherModule", lambda progress: 2, others.onProgress, others.onDone, others.onError)
    spinUntil(lambda: others.results)
    steps.letGo.set()
    spinToEnd()
    ends.run(lambda progress: "next")
    spinToEnd()
    assert ends.results == ["result", "next"]


def test_an_abandoned_job_calls_nothing_any_more(ends, steps):
    handle = ends.run(steps)
    steps.started.wait(LIMIT_S)
    job.abandon(OWNER)
    assert not job.isRunning(OWNER)
    steps.letGo.set()
    assert handle.worker.wait(LIMIT_S)
    called = len(ends.statuses)
    for _ in range(20):
        slicer.app.processEvents()
    assert (ends.results, ends.errors, len(ends.statuses)) == ([], [], called)
    job.abandon(OWNER)


def test_application_end_waits_a_moment_for_jobs_and_no_longer(ends, steps, caplog):
    ends.run(steps)
    steps.started.wait(LIMIT_S)
    start = time.monotonic()
    job.abandonAll(wait_s=0.1)
    assert time.monotonic() - start < 2
    assert "did not stop" in caplog.text


def test_python_threads_work_while_the_main_thread_polls(ends):
    """Where the event loop keeps Python's lock, polling alone must give the worker time."""

    def add_up(progress):
        return sum(range(2_000_000))

    handle = ends.run(add_up)
    while job.isRunning(OWNER):
        handle._poll()
    assert ends.results == [sum(range(2_000_000))]


class TestJobBar:
    @pytest.fixture
    def busy(self):
        return []

    @pytest.fixture
    def bar(self, busy):
        bar = JobBar(OWNER, busy.append)
        bar.widget.show()
        yield bar
        bar.cleanup()
        bar.widget.hide()

    def test_shows_progress_then_clears(self, bar, busy, steps):
        results = []
        bar.run(steps, results.append)
        spinUntil(lambda: bar.message.startswith("First step"))
        assert bar._bar.value == 250
        assert bar._bar.visible
        assert bar._cancelButton.visible
        steps.letGo.set()
        spinToEnd()
        assert results == ["result"]
        assert bar.message == ""
        assert not bar._bar.visible
        assert busy == [True, False]

    def test_cancel_button(self, bar, busy, steps):
        results = []
        bar.run(steps, results.append)
        steps.started.wait(LIMIT_S)
        bar._cancelButton.click()
        assert not bar._cancelButton.enabled
        steps.letGo.set()
        spinToEnd()
        assert results == []
        assert bar.message == "Cancelled; nothing was changed."
        assert busy[-1] is False

    def test_details_stay_behind_their_button(self, bar):
        def fail(progress):
            raise KeyError("vertebra")

        bar.run(fail, lambda result: None)
        spinToEnd()
        assert "KeyError" in bar.message
        assert "Traceback" not in bar.message
        assert bar._detailsButton.visible
        with CapturedMessages() as dialogs:
            bar._detailsButton.click()
        assert dialogs.texts == [bar.message]
        assert "vertebra" in dialogs.details[0]

    def test_a_sentence_without_details_has_no_button(self, bar):
        bar.showMessage("Choose a CT.")
        assert bar.message == "Choose a CT."
        assert not bar._detailsButton.visible

    def test_an_error_in_writing_the_result_is_shown(self, bar, busy):
        def write(result):
            raise VolumeError("The result has no voxels; render again.")

        bar.run(lambda progress: 1, write)
        spinToEnd()
        assert bar.message == "The result has no voxels; render again."
        assert busy == [True, False]

    def test_what_went_wrong_before_a_job_is_there_again_after_it(self, bar):
        def fail(progress):
            raise VolumeError("The second job failed; try again.")

        bar.showMessage("The first job failed.", "because")
        bar.run(lambda progress: 1, lambda result: None)
        assert bar.message == ""
        spinToEnd()
        assert bar.message == "The first job failed."
        assert bar._detailsButton.visible
        bar.run(fail, lambda result: None)
        spinToEnd()
        assert bar.message == "The second job failed; try again."
        assert not bar._detailsButton.visible


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.2, "(about 1 s left)"), (41.4, "(about 41 s left)"), (150, "(about 2 min left)")],
)
def test_remaining_time_in_words(seconds, text):
    assert remainingText(seconds) == text
