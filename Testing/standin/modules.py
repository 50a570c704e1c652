"""Scripted modules as Slicer's factory makes them: the module, its logic, its widget, entering and reloading it."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import slicer
from PySide6.QtCore import Property, QObject, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QVBoxLayout

from standin.mrml_widgets import qMRMLWidget


class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):  # noqa: N801  Slicer's name
    """What a module's panel is built into: the ``parent`` of the Python widget class."""

    def __init__(self, module: "qSlicerScriptedLoadableModule") -> None:
        super().__init__()
        QVBoxLayout(self)
        self._module = module
        self._python_widget: Any = None
        self._entered = False
        self._instantiate()

    def self(self) -> Any:
        """The module's ScriptedLoadableModuleWidget."""
        return self._python_widget

    def setup(self) -> None:
        """Build the panel."""
        self._python_widget.setup()

    def enter(self) -> None:
        """The user comes to the module."""
        self._entered = True
        self._call("enter")

    def exit(self) -> None:
        """The user leaves the module."""
        self._entered = False
        self._call("exit")

    def _is_entered(self) -> bool:
        return self._entered

    isEntered = Property(bool, _is_entered)
    """Whether the module is the one shown; an attribute, as PythonQt shows a property."""

    def reload(self) -> None:
        """Build the panel again from the module's newest code."""
        self._instantiate()
        self.setup()

    def _instantiate(self) -> None:
        class_name = self._module.name + "Widget"
        self._python_widget = getattr(sys.modules[self._module.name], class_name)(self)
        setattr(slicer.modules, class_name, self._python_widget)

    def _call(self, method: str) -> None:
        if hasattr(self._python_widget, method):
            getattr(self._python_widget, method)()


class qSlicerScriptedLoadableModule:  # noqa: N801
    """A module file loaded into the application; the ``parent`` of the Python module class."""

    def __setattr__(self, name: str, value: Any) -> None:
        """As with any C++ object, what the class does not have cannot be set."""
        if self._complete and not hasattr(self, name):
            raise AttributeError(f"Attribute '{name}' does not exist: qSlicerScriptedLoadableModule")
        super().__setattr__(name, value)

    _complete = False

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        self.path = str(path)
        self.title = ""
        self.categories: list[str] = []
        self.dependencies: list[str] = []
        self.contributors: list[str] = []
        self.helpText = ""
        self.acknowledgementText = ""
        self.icon = QIcon()
        self.hidden = False
        self.index = -1
        self.widgetRepresentationCreationEnabled = True
        self._widget: qSlicerScriptedLoadableModuleWidget | None = None
        self._logic: Any = None
        self._complete = True
        code = _load(path)
        instance = getattr(code, self.name)(self)
        setattr(slicer.modules, self.name.lower(), self)
        setattr(slicer.modules, self.name + "Instance", instance)
        if hasattr(instance, "setup"):
            instance.setup()

    def widgetRepresentation(self) -> qSlicerScriptedLoadableModuleWidget | None:
        """The module's panel, built at the first call; None for a module without one."""
        if self._widget is None:
            self._widget = self.createNewWidgetRepresentation()
        return self._widget

    def createNewWidgetRepresentation(self) -> qSlicerScriptedLoadableModuleWidget | None:
        """Another panel of the module."""
        if not hasattr(sys.modules[self.name], self.name + "Widget"):
            return None
        widget = qSlicerScriptedLoadableModuleWidget(self)
        widget.setMRMLScene(slicer.mrmlScene)
        widget.setup()
        return widget

    def logic(self) -> Any:
        """The C++ logic of a scripted module; slicer.util.getModuleLogic gives the Python one."""
        if self._logic is None:
            self._logic = slicer.vtkSlicerScriptedLoadableModuleLogic()
            self._logic.SetMRMLScene(slicer.mrmlScene)
        return self._logic

    def forget_widget(self) -> None:
        """The panel is gone; the next call for it builds a new one."""
        self._widget = None


class ModuleManager(QObject):
    """``slicer.app.moduleManager()``."""

    moduleAboutToBeUnloaded = Signal(str)
    moduleLoaded = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._modules: dict[str, Any] = {}

    def add(self, module: Any) -> None:
        """Take a module up."""
        self._modules[module.name] = module
        setattr(slicer.modules, module.name.lower(), module)
        self.moduleLoaded.emit(module.name)

    def module(self, name: str) -> Any:
        """The module of that name, None where there is none."""
        return self._modules.get(name)

    def modulesNames(self) -> list[str]:
        """The names of all modules."""
        return list(self._modules)

    loadedModuleNames = modulesNames

    def factoryManager(self) -> "ModuleManager":
        """Slicer's factory of modules; here the same object."""
        return self

    def unload(self, name: str) -> None:
        """Take a module away: its panel cleans up and is destroyed, its code is forgotten."""
        module = self._modules.pop(name)
        self.moduleAboutToBeUnloaded.emit(name)
        widget = getattr(module, "_widget", None)
        if widget is not None:
            widget.close()
            widget.deleteLater()
            module.forget_widget()
        for attribute in (name.lower(), name + "Widget", name + "Instance"):
            slicer.modules.__dict__.pop(attribute, None)
        sys.modules.pop(name, None)


class CoreModule:
    """One of Slicer's own C++ modules: a name and a logic, no panel."""

    def __init__(self, name: str, logic: Any) -> None:
        self.name = name
        self._logic = logic

    def logic(self) -> Any:
        """The module's logic."""
        return self._logic

    def widgetRepresentation(self) -> None:
        """No panel."""


class Modules(SimpleNamespace):
    """``slicer.modules``: every module by its name in lower case."""


def _load(path: Path) -> ModuleType:
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    code = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = code
    spec.loader.exec_module(code)
    return code
