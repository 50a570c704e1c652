"""Slicer's ``qt.QUiLoader``: reads .ui files that hold ctk and qMRML widgets."""

import xml.etree.ElementTree as ET

from PySide6.QtCore import QBuffer, QIODevice, QObject
from PySide6.QtUiTools import QUiLoader as QtUiLoader
from PySide6.QtWidgets import QWidget

from standin import ctk, mrml_widgets, pythonqt

CUSTOM_WIDGETS = {
    name: getattr(module, name) for module in (ctk, mrml_widgets) for name in module.__all__ if name[0] in "cq"
}
# Their values are flags of classes that Qt's own loader does not know, and they only concern display.
FLAGS_OF_DISPLAY = {"unitAwareProperties"}


class QUiLoader(QtUiLoader):
    """Builds the widget of a .ui file.

    A connection in the file names signals by C++ argument types that Qt does not know of the widgets stood in for, so
    connections are taken out of the file and made by name.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        for widget_class in CUSTOM_WIDGETS.values():
            self.registerCustomWidget(widget_class)

    def load(self, device: QIODevice, parent: QWidget | None = None) -> QWidget | None:
        """The top widget of the file.

        Raises:
            RuntimeError: where the file asks for a widget that the stand-in lacks.
        """
        root = ET.fromstring(bytes(device.readAll()))
        _check_widgets(root)
        connections = _take_connections(root)
        for widget in root.iter("widget"):
            for flag in [p for p in widget.findall("property") if p.get("name") in FLAGS_OF_DISPLAY]:
                widget.remove(flag)
        buffer = QBuffer()
        buffer.setData(ET.tostring(root))
        buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        top = super().load(buffer, parent)
        for sender, signal, receiver, slot in connections:
            pythonqt.connect(_named(top, sender), signal, _named(top, receiver), slot)
        return top


def _check_widgets(root: ET.Element) -> None:
    custom = {element.findtext("class") for element in root.iter("customwidget")}
    used = {element.get("class") for element in root.iter("widget")}
    lacking = sorted(name for name in custom & used if name not in CUSTOM_WIDGETS)
    if lacking:
        raise RuntimeError(f"The stand-in has no {', '.join(lacking)}: add it to Testing/standin/mrml_widgets.py")


def _take_connections(root: ET.Element) -> list[tuple[str, ...]]:
    connections = []
    for group in root.findall("connections"):
        for entry in group.findall("connection"):
            connections.append(tuple(entry.findtext(part, "") for part in ("sender", "signal", "receiver", "slot")))
        root.remove(group)
    return connections


def _named(top: QWidget, name: str) -> QObject:
    found = top if top.objectName == name else top.findChild(QObject, name)
    if found is None:
        raise RuntimeError(f"The .ui file connects {name}, which it does not contain")
    return found
