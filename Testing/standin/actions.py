"""What tests of panels do with the application."""

from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any
from unittest.mock import patch

import slicer
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QWidget

from standin.modules import qSlicerScriptedLoadableModule

REPOSITORY = Path(__file__).resolve().parents[2]


def make_module(name: str, folder: Path | None = None) -> Any:
    """Load a module as Slicer's factory does, and the modules it depends on.

    Args:
        name: module name, as in ``DRRSimulator``.
        folder: where ``<name>.py`` lies; the repository's folder of that name by default.

    Returns:
        The qSlicerScriptedLoadableModule: ``.widgetRepresentation().self()`` is the panel's Python class, with the
        panel set up; ``slicer.util.getModuleLogic(name)`` its logic; ``slicer.util.selectModule(name)`` enters it.
    """
    manager = slicer.app.moduleManager()
    if manager.module(name) is None:
        module = qSlicerScriptedLoadableModule((folder or REPOSITORY / name) / f"{name}.py")
        for dependency in module.dependencies:
            make_module(dependency, folder if folder and (folder / f"{dependency}.py").is_file() else None)
        manager.add(module)
    return manager.module(name)


def remove_module(name: str) -> None:
    """Unload a module: its panel cleans up and is gone, its code is forgotten."""
    slicer.util.selectModule("")
    slicer.app.moduleManager().unload(name)
    process_events()


def reload_module(name: str) -> Any:
    """What the button "Reload" does; returns the new Python widget."""
    slicer.util.getModuleWidget(name).onReload()
    return slicer.util.getModuleWidget(name)


def process_events() -> None:
    """Let everything happen that waits in Qt's queue, deletions included."""
    slicer.app.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    slicer.app.processEvents()


def grab(widget: Any, path: Path, width_px: int = 480) -> Path:
    """Save a picture of a panel as PNG, as wide as Slicer's module panel and as high as it needs to be.

    Args:
        widget: a module's Python widget, or any Qt widget.
    """
    panel: QWidget = widget if isinstance(widget, QWidget) else widget.parent
    panel.resize(width_px, max(panel.sizeHint().height(), panel.heightForWidth(width_px)))
    panel.show()
    process_events()
    path.parent.mkdir(parents=True, exist_ok=True)
    if not panel.grab().save(str(path)):
        raise OSError(f"Could not write {path}")
    return path


def close_scene() -> None:
    """What File > Close Scene does."""
    slicer.mrmlScene.Clear(0)
    process_events()


def save_scene(path: Path) -> Path:
    """Save the scene, as .mrb or .mrml."""
    if not slicer.util.saveScene(str(path), {}):
        raise OSError(f"Could not write {path}")
    return path


def load_scene(path: Path) -> None:
    """Close the scene and open another."""
    slicer.util.loadNodeFromFile(str(path), "SceneFile", {"clear": True})
    process_events()


class CapturedMessages(AbstractContextManager):
    """Message boxes do not open; what they would have said is kept, and questions get the answer given.

    Attributes:
        texts: every message, in order.
        details: what stands behind "Show Details…" of each, None for none.
    """

    FUNCTIONS = ("errorDisplay", "warningDisplay", "infoDisplay", "messageBox")
    QUESTIONS = ("confirmOkCancelDisplay", "confirmYesNoDisplay", "confirmRetryCloseDisplay")

    def __init__(self, answer: bool = True) -> None:
        self.texts: list[str] = []
        self.details: list[str | None] = []
        self._answer = answer
        self._patches = [patch.object(slicer.util, name, self._tell) for name in self.FUNCTIONS]
        self._patches += [patch.object(slicer.util, name, self._ask) for name in self.QUESTIONS]

    def _tell(self, text: str, *_: Any, **options: Any) -> None:
        self.texts.append(text)
        self.details.append(options.get("detailedText"))

    def _ask(self, text: str, *_: Any, **options: Any) -> bool:
        self._tell(text, **options)
        return self._answer

    def __enter__(self) -> "CapturedMessages":
        for one in self._patches:
            one.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        for one in self._patches:
            one.stop()
