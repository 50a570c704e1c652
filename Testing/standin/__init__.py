"""A stand-in for the 3D Slicer application, to run scripted modules and their panels in tests.

MRML and slicer.util are the real ones (slicer-core), Qt is the real one (PySide6). PythonQt, ctk, the qMRML widgets and
the application around them are stood in for. See README.md beside this file.
"""

import os
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from standin.start import start

HERE = Path(__file__).parent
start(HERE)

from standin.actions import (  # noqa: E402
    CapturedMessages,
    close_scene,
    grab,
    load_scene,
    make_module,
    process_events,
    reload_module,
    remove_module,
    save_scene,
)
from standin.ui_loader import CUSTOM_WIDGETS  # noqa: E402

__all__ = [
    "CUSTOM_WIDGETS",
    "CapturedMessages",
    "close_scene",
    "grab",
    "load_scene",
    "make_module",
    "process_events",
    "reload_module",
    "remove_module",
    "save_scene",
]
