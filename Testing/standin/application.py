"""``slicer.app`` and the main window."""

import tempfile
from pathlib import Path
from typing import Any

import slicer
from PySide6.QtCore import QObject, QSettings, Signal
from PySide6.QtWidgets import QApplication, QMainWindow

from standin.layout import LayoutManager
from standin.modules import CoreModule, ModuleManager
from standin.scene_files import CoreIOManager
from standin.scene_setup import SubjectHierarchyItems, make_module_logics, make_scene


class ModuleSelector(QObject):
    """The list of modules in the main window: choosing one leaves the one before."""

    moduleSelected = Signal(str)

    def __init__(self, manager: ModuleManager) -> None:
        super().__init__()
        self._manager = manager
        self._selected = ""

    @property
    def selectedModule(self) -> str:
        """The name of the module shown."""
        return self._selected

    def selectModule(self, name: str) -> None:
        """Show a module's panel, built if need be; no name, no panel."""
        before = self._manager.module(self._selected)
        if before is not None and before.widgetRepresentation():
            before.widgetRepresentation().exit()
        self._selected = name
        module = self._manager.module(name)
        if module is not None and module.widgetRepresentation():
            module.widgetRepresentation().enter()
        self.moduleSelected.emit(name)


class MainWindow(QMainWindow):
    """Where slicer.util finds the module selector and the status bar."""

    def __init__(self, manager: ModuleManager) -> None:
        super().__init__()
        self.setObjectName("qSlicerMainWindow")
        self._selector = ModuleSelector(manager)

    def moduleSelector(self) -> ModuleSelector:
        """The list of modules."""
        return self._selector


class ExtensionsManagerModel:
    """Which extensions are installed: those that a test puts into ``installed``."""

    def __init__(self) -> None:
        self.installed: list[str] = []

    def isExtensionInstalled(self, name: str) -> bool:
        """Whether Slicer has this extension."""
        return name in self.installed


class qSlicerApplication(QApplication):  # noqa: N801  Slicer's name
    """The application that scripted modules see."""

    documentationBaseUrl = "https://slicer.readthedocs.io/en/latest/"
    majorVersion, minorVersion = 5, 12
    startupCompleted = Signal()
    mrmlSceneChanged = Signal(object)
    pauseRenderCount = 0

    def __init__(self) -> None:
        super().__init__(["Slicer"])
        self.setApplicationName("Slicer")
        self.setOrganizationName("NA-MIC")
        self._folder = tempfile.TemporaryDirectory(prefix="slicer-stand-in-")
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, self._folder.name)
        self._logic = slicer.vtkSlicerApplicationLogic()
        self._scene = make_scene(self._logic, Path(self._folder.name))
        self._module_manager = ModuleManager()
        self._io_manager = CoreIOManager()
        self._extensions = ExtensionsManagerModel()
        self._testing = False

    def start(self) -> None:
        """What needs slicer.app, slicer.mrmlScene and slicer.modules to be there: logics, views, main window."""
        for name, logic in make_module_logics(self._logic, self._scene).items():
            self._module_manager.add(CoreModule(name, logic))
        self._subject_hierarchy = SubjectHierarchyItems(self._scene)
        self._layout_manager = LayoutManager(self._logic, self._scene)
        self._main_window = MainWindow(self._module_manager)

    @property
    def temporaryPath(self) -> str:
        """A folder for temporary files, gone with the application."""
        return self._folder.name

    slicerHome = temporaryPath

    def mrmlScene(self) -> Any:
        """The scene, also slicer.mrmlScene."""
        return self._scene

    def applicationLogic(self) -> Any:
        """The vtkSlicerApplicationLogic."""
        return self._logic

    def layoutManager(self) -> LayoutManager:
        """The views."""
        return self._layout_manager

    def moduleManager(self) -> ModuleManager:
        """The modules."""
        return self._module_manager

    def coreIOManager(self) -> CoreIOManager:
        """Files of scenes and nodes."""
        return self._io_manager

    ioManager = coreIOManager

    def extensionsManagerModel(self) -> ExtensionsManagerModel:
        """The extensions."""
        return self._extensions

    def settings(self) -> QSettings:
        """Settings of this run."""
        return QSettings()

    userSettings = settings
    revisionUserSettings = settings

    def testingEnabled(self) -> bool:
        """Whether message boxes are left out."""
        return self._testing

    def moduleDocumentationUrl(self, name: str) -> str:
        """Where a module's manual is."""
        return f"{self.documentationBaseUrl}user_guide/modules/{name.lower()}.html"

    def pauseRender(self) -> None:
        """Views wait until ``resumeRender``."""
        self.pauseRenderCount += 1

    def resumeRender(self) -> None:
        """Views go on."""
        self.pauseRenderCount -= 1

    def restart(self) -> None:
        """A test cannot restart its application."""
        raise RuntimeError("The module asked Slicer to restart")
