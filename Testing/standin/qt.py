"""``import qt`` as in Slicer: QtCore, QtGui and QtWidgets in one module, with PythonQt's manners.

What PySide6 offers and PythonQt does not (Signal, Slot, Property) is left out, so that module code cannot use it.
"""

from PySide6 import QtCore, QtGui, QtWidgets

from standin import dialogs, pythonqt

ONLY_IN_PYSIDE = {"Signal", "Slot", "Property", "SIGNAL", "SLOT", "ClassInfo"}

_members = {
    name: getattr(library, name)
    for library in (QtCore, QtGui, QtWidgets)
    for name in dir(library)
    if not name.startswith("_") and name not in ONLY_IN_PYSIDE
}
pythonqt.adapt([m for m in _members.values() if isinstance(m, type) and issubclass(m, QtCore.QObject)])
dialogs.refuse_to_wait()
globals().update(_members)

from standin.ui_loader import QUiLoader  # noqa: E402, F401  its widgets need the classes above
