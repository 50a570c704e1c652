"""The base of the connectors between a widget and a parameter, and where they are registered."""

from collections.abc import Callable
from typing import Any

from .annotations import split_annotations

_registered: list[type["GuiConnector"]] = []


def parameterNodeGuiConnector(classtype: Any = None) -> Any:
    """Class decorator: ``createGuiConnector`` considers this connector too."""

    def register(connector: type["GuiConnector"]) -> type["GuiConnector"]:
        _registered.append(connector)
        return connector

    return register if classtype is None else register(classtype)


def createGuiConnector(widget: Any, datatype: Any) -> "GuiConnector":
    """The connector between a widget and a parameter of this type.

    Raises:
        RuntimeError: where no connector fits.
    """
    for connector in _registered:
        if connector.canRepresent(widget, datatype):
            return connector.create(widget, datatype)
    raise RuntimeError(f"Unable to create GUI connector from datatype '{datatype}' to widget type '{type(widget)}'.")


class GuiConnector:
    """Reads and writes a widget as a value of the parameter's type."""

    signal = ""
    attribute = ""
    widgets: tuple[type, ...] = ()
    kinds: tuple[type, ...] = ()

    @classmethod
    def canRepresent(cls, widget: Any, datatype: Any) -> bool:
        """Whether this connector fits."""
        return type(widget) in cls.widgets and split_annotations(datatype)[0] in cls.kinds

    @classmethod
    def create(cls, widget: Any, datatype: Any) -> "GuiConnector":
        """A connector for this widget."""
        connector = cls()
        connector._widget = widget
        connector._kind, connector._annotations = split_annotations(datatype)
        connector.prepare()
        return connector

    def __init__(self) -> None:
        self._callback: Callable[[], None] | None = None
        self._widget: Any = None
        self._kind: Any = None
        self._annotations: list[Any] = []

    def prepare(self) -> None:
        """Tell the widget what the annotations say."""

    def onChanged(self, callback: Callable[[], None] | None) -> None:
        """Call back at every change of the widget; None to stop."""
        self._callback = callback
        if callback is None:
            self._disconnect()
        else:
            self._connect()

    def changed(self) -> None:
        """The widget has changed."""
        if self._callback:
            self._callback()

    def _connect(self) -> None:
        getattr(self._widget, self.signal).connect(self.changed)

    def _disconnect(self) -> None:
        getattr(self._widget, self.signal).disconnect(self.changed)

    def widget(self) -> Any:
        """The widget."""
        return self._widget

    def read(self) -> Any:
        """What the widget shows."""
        return getattr(self._widget, self.attribute)

    def write(self, value: Any) -> None:
        """Show the value."""
        if value != getattr(self._widget, self.attribute):
            setattr(self._widget, self.attribute, value)
