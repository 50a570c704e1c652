"""What tests do with every module's panel."""

import subprocess
import sys
import time
from pathlib import Path

import slicer

import standin

LIMIT_S = 60


def open_module(name):
    """A module's Python widget, built and entered."""
    standin.make_module(name)
    slicer.util.selectModule(name)
    return slicer.util.getModuleWidget(name)


def settle(widget) -> None:
    """Let events and jobs come to their end."""
    end = time.monotonic() + LIMIT_S
    quiet = 0
    while quiet < 3:
        assert time.monotonic() < end, "waited in vain"
        standin.process_events()
        quiet = 0 if widget.panel.isBusy else quiet + 1


def wait_for(condition) -> None:
    """Let events happen until something is so."""
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        standin.process_events()


def press(widget, name):
    """Press a button and wait."""
    getattr(widget.ui, name).click()
    settle(widget)


def run_in_new_python(script: str, folder: Path) -> subprocess.CompletedProcess:
    """What a script prints that begins without anything imported, and may import the tests' support.

    Args:
        folder: with the support of one module's panel.
    """
    here = Path(__file__).parent
    places = [str(place) for place in (folder, here, here.parent)]
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {places!r}\n{script}"]
    return subprocess.run(command, capture_output=True, text=True)
