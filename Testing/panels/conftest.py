"""Panels run in the stand-in for the application; no test leaves anything behind for the next."""

import sys
from collections.abc import Iterator
from types import TracebackType

import pytest
import slicer

import standin


@pytest.fixture(autouse=True)
def _no_hidden_errors(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An exception in a slot or an observer only prints a traceback, in Slicer as here. Here it fails the test."""
    errors: list[BaseException] = []

    def keep(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
        errors.append(error.with_traceback(at))

    monkeypatch.setattr(sys, "excepthook", keep)
    yield
    standin.process_events()
    if errors:
        raise errors[0]


@pytest.fixture(autouse=True)
def _empty_scene() -> Iterator[None]:
    """Every test starts and ends with an empty scene and none of the project's modules loaded."""
    yield
    for name in slicer.app.moduleManager().modulesNames():
        if isinstance(slicer.util.getModule(name), slicer.qSlicerScriptedLoadableModule):
            standin.remove_module(name)
    standin.close_scene()
