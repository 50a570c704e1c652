"""The class decorator ``@parameterNodeWrapper``."""

import typing
import weakref
from dataclasses import dataclass
from typing import Any

import qt
import slicer
import vtk

from .annotations import Default, find, split_annotations
from .gui_connector import GuiConnector, createGuiConnector
from .serializers import Serializer
from .types_to_serializers import make_serializer

SlicerParameterNamePropertyName = "SlicerParameterName"


@dataclass
class ParameterInfo:
    """One typed field of a wrapped class."""

    basename: str
    serializer: Serializer
    default: Default
    unalteredType: Any


def parameterNodeWrapper(classtype: Any = None) -> Any:
    """Make the class's typed fields live in a parameter node."""
    return _wrap if classtype is None else _wrap(classtype)


def isParameterNodeWrapper(classOrObj: Any) -> bool:
    """Whether the decorator made this class."""
    return getattr(classOrObj, "_is_parameter_node_wrapper", False)


def findChildWidgetForParameter(widget: Any, parameter: str) -> Any:
    """The child widget that shows a parameter, None where there is none."""
    shown = (w for w in widget.findChildren(qt.QWidget) if w.property(SlicerParameterNamePropertyName) == parameter)
    return next(shown, None)


def _wrap(cls: type) -> type:
    parameters: dict[str, ParameterInfo] = {}
    for name, hint in typing.get_type_hints(cls, include_extras=True).items():
        serializer = make_serializer(hint)
        parameters[name] = ParameterInfo(name, serializer, _default_of(cls, name, hint, serializer), hint)
    for name, member in _members().items():
        if hasattr(cls, name) and not name.startswith("__"):
            raise ValueError(f"Cannot use reserved name '{name}' in a parameterNodeWrapper")
        setattr(cls, name, member)
    for name in parameters:
        setattr(cls, name, _field(name))
    cls.allParameters = parameters
    cls._is_parameter_node_wrapper = True
    return cls


def _default_of(cls: type, name: str, hint: Any, serializer: Serializer) -> Default:
    if hasattr(cls, name):
        return Default(getattr(cls, name))
    return find(split_annotations(hint)[1], Default) or Default(serializer.default())


def _members() -> dict[str, Any]:
    ours = vars(ParameterNodeWrapper).items()
    return {name: member for name, member in ours if not name.startswith("__") or name in ("__init__", "__del__")}


def _field(name: str) -> property:
    return property(lambda self: self.getValue(name), lambda self, value: self.setValue(name, value))


class ParameterNodeWrapper:
    """What every wrapped class can do."""

    allParameters: dict[str, ParameterInfo]

    def __init__(self, parameterNode: Any, prefix: str | None = None) -> None:
        self.parameterNode = parameterNode
        self._prefix = prefix or ""
        self._cache: dict[str, Any] = {}
        self._guis: dict[int, tuple[dict[str, GuiConnector], int]] = {}
        self._updating = False
        for name, info in self.allParameters.items():
            if not info.serializer.is_in(parameterNode, self._prefix + name):
                self.setValue(name, info.default.value)
        # The node must not keep its wrapper alive.
        forget = weakref.WeakMethod(self._forget)
        self._tag = parameterNode.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: (f := forget()) and f())

    def __del__(self) -> None:
        if hasattr(self, "_tag"):
            self.parameterNode.RemoveObserver(self._tag)

    def _forget(self) -> None:
        self._cache.clear()

    def _info(self, name: str) -> ParameterInfo:
        if name not in self.allParameters:
            raise ValueError(f"Cannot find a param with the given name: {name}; there are {list(self.allParameters)}")
        return self.allParameters[name]

    def getValue(self, name: str) -> Any:
        """The value of a parameter."""
        serializer = self._info(name).serializer
        if name not in self._cache:
            if not serializer.is_in(self.parameterNode, self._prefix + name):
                self.setValue(name, self._info(name).default.value)
            self._cache[name] = serializer.read(self.parameterNode, self._prefix + name)
        return self._cache[name]

    def setValue(self, name: str, value: Any) -> None:
        """Set a parameter; a value that is not allowed raises and changes nothing."""
        serializer = self._info(name).serializer
        serializer.validate(value)
        with slicer.util.NodeModify(self.parameterNode):
            serializer.write(self.parameterNode, self._prefix + name, value)
            self._cache[name] = serializer.read(self.parameterNode, self._prefix + name)

    def default(self, name: str) -> Default:
        """The default of a parameter."""
        return self._info(name).default

    def isCached(self, name: str) -> bool:
        """Whether reading is quick: here always."""
        self._info(name)
        return True

    @classmethod
    def dataType(cls, name: str) -> Any:
        """The type of a parameter as it was declared."""
        return cls.allParameters[name].unalteredType

    def connectGui(self, gui: Any) -> int:
        """Keep every widget that names a parameter in step with it; returns a tag for ``disconnectGui``."""
        is_widget = getattr(gui, "isWidgetType", lambda: False)()
        widgets = gui.findChildren(qt.QWidget) if is_widget else vars(gui).values()
        named = {widget.property(SlicerParameterNamePropertyName): widget for widget in widgets}
        return self.connectParametersToGui({name: widget for name, widget in named.items() if name})

    def connectParametersToGui(self, mapping: dict[str, Any]) -> int:
        """The same for widgets, or connectors, named one by one."""
        connectors = {
            name: gui if isinstance(gui, GuiConnector) else createGuiConnector(gui, self._info(name).unalteredType)
            for name, gui in mapping.items()
        }
        for name, connector in connectors.items():
            connector.write(self.getValue(name))
            connector.onChanged(self._taker(name, connector))
        tag = max(self._guis, default=-1) + 1
        observer = self.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._show())
        self._guis[tag] = connectors, observer
        return tag

    def disconnectGui(self, guiTag: int) -> None:
        """Undo ``connectGui``."""
        connectors, observer = self._guis.pop(guiTag, ({}, None))
        for connector in connectors.values():
            connector.onChanged(None)
        if observer is not None:
            self.RemoveObserver(observer)

    def _taker(self, name: str, connector: GuiConnector) -> Any:
        def take() -> None:
            if not self._updating:
                with slicer.util.NodeModify(self):
                    self.setValue(name, connector.read())

        return take

    def _show(self) -> None:
        if self._updating:
            return
        self._forget()  # VTK calls the first observer last, and that is the one that would have done this
        self._updating = True
        try:
            with slicer.util.NodeModify(self):
                for connectors, _ in list(self._guis.values()):
                    for name, connector in connectors.items():
                        connector.write(self.getValue(name))
        finally:
            self._updating = False

    def StartModify(self) -> Any:
        """Hold back events."""
        return self.parameterNode.StartModify()

    def EndModify(self, wasModified: Any) -> Any:
        """Send one event for all changes."""
        return self.parameterNode.EndModify(wasModified)

    def AddObserver(self, event: Any, callback: Any, priority: float = 0.0) -> int:
        """Observe the parameter node."""
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag: int) -> None:
        """Undo ``AddObserver``."""
        self.parameterNode.RemoveObserver(tag)

    def Modified(self) -> None:
        """Say that the parameter node has changed."""
        self.parameterNode.Modified()
