"""Makes ``qt``, ``ctk`` and ``slicer`` what they are inside the application."""

import importlib
import os
import sys
from pathlib import Path

import slicer


def start(folder: Path) -> None:
    """Bring the application up; once per process.

    The base classes of scripted modules are Slicer's own where SLICER_PYTHON_DIR names a folder that holds
    ``slicer/ScriptedLoadableModule.py`` (Base/Python of Slicer's repository), else the double's.

    Raises:
        FileNotFoundError: where SLICER_PYTHON_DIR is set and is no such folder.
    """
    sys.modules["qt"] = importlib.import_module("standin.qt")
    sys.modules["ctk"] = importlib.import_module("standin.ctk")
    _offer_base_classes(folder)
    importlib.import_module("slicer.util")
    from standin import mrml_widgets
    from standin.application import qSlicerApplication
    from standin.modules import Modules, qSlicerScriptedLoadableModule, qSlicerScriptedLoadableModuleWidget

    for name in mrml_widgets.__all__:
        setattr(slicer, name, getattr(mrml_widgets, name))
    slicer.qSlicerScriptedLoadableModule = qSlicerScriptedLoadableModule
    slicer.qSlicerScriptedLoadableModuleWidget = qSlicerScriptedLoadableModuleWidget
    slicer.qSlicerWidget = mrml_widgets.qMRMLWidget
    slicer.modules = Modules()
    slicer.app = qSlicerApplication()
    slicer.mrmlScene = slicer.app.mrmlScene()
    slicer.app.start()


def slicers_own_files() -> Path | None:
    """The folder ``slicer`` of Slicer's own Python files, None where the double is used."""
    named = os.environ.get("SLICER_PYTHON_DIR")
    if not named:
        return None
    package = Path(named) / "slicer"
    if not (package / "ScriptedLoadableModule.py").is_file():
        raise FileNotFoundError(f"SLICER_PYTHON_DIR={named} holds no slicer/ScriptedLoadableModule.py")
    return package


def _offer_base_classes(folder: Path) -> None:
    slicer.__path__.append(str(slicers_own_files() or folder / "double"))
