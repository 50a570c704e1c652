"""A MRML scene with the application's own nodes and logics, as Slicer sets it up at start."""

from pathlib import Path
from typing import Any

import slicer

# What slicer.modules.<name>.logic() gives, in the order in which Slicer's modules depend on each other. The markups
# logic registers the markups' storage nodes, so it must be there before a scene with markups is read.
MODULE_LOGICS = {
    "Units": "vtkSlicerUnitsLogic",
    "Colors": "vtkMRMLColorLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "Models": "vtkSlicerModelsLogic",
    "Transforms": "vtkSlicerTransformLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "Cameras": "vtkSlicerCamerasModuleLogic",
    "ViewControllers": "vtkSlicerViewControllersLogic",
    "VolumeRendering": "vtkSlicerVolumeRenderingLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Texts": "vtkSlicerTextsLogic",
}


def make_scene(application_logic: Any, temporary_folder: Path) -> Any:
    """An empty scene that can be saved to and read from .mrb files."""
    scene = slicer.vtkMRMLScene()
    scene.SetURL("")
    scene.SetRootDirectory(str(temporary_folder))
    application_logic.SetMRMLScene(scene)
    application_logic.SetTemporaryPath(str(temporary_folder))
    cache = slicer.vtkCacheManager()
    cache.SetRemoteCacheDirectory(str(temporary_folder))
    cache.SetMRMLScene(scene)
    scene.SetCacheManager(cache)
    data_io = slicer.vtkDataIOManager()
    data_io.SetCacheManager(cache)
    scene.SetDataIOManager(data_io)
    data_io_logic = slicer.vtkDataIOManagerLogic()
    data_io_logic.SetMRMLApplicationLogic(application_logic)
    data_io_logic.SetMRMLScene(scene)
    data_io_logic.SetAndObserveDataIOManager(data_io)
    application_logic.SetModuleLogic("DataIOManager", data_io_logic)
    return scene


def make_module_logics(application_logic: Any, scene: Any) -> dict[str, Any]:
    """The logics of Slicer's own modules, by module name."""
    logics = {}
    for name, class_name in MODULE_LOGICS.items():
        logic = getattr(slicer, class_name)()
        logic.SetMRMLApplicationLogic(application_logic)
        logic.SetMRMLScene(scene)
        application_logic.SetModuleLogic(name, logic)
        logics[name] = logic
    application_logic.SetColorLogic(logics["Colors"])
    return logics


class SubjectHierarchyItems:
    """Every node that users see gets its item in the subject hierarchy, which Slicer does through its Qt plugins."""

    SHOWN = ("vtkMRMLDisplayableNode", "vtkMRMLTransformNode", "vtkMRMLTableNode", "vtkMRMLTextNode")

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        scene.AddObserver(slicer.vtkMRMLScene.NodeAddedEvent, self._on_changed)
        scene.AddObserver(slicer.vtkMRMLScene.EndImportEvent, self._on_changed)
        scene.AddObserver(slicer.vtkMRMLScene.EndBatchProcessEvent, self._on_changed)

    def _on_changed(self, caller: Any, event: str) -> None:
        if self._scene.IsBatchProcessing():
            return
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(self._scene)
        for index in range(self._scene.GetNumberOfNodes()):
            node = self._scene.GetNthNode(index)
            shown = not node.GetHideFromEditors() and any(node.IsA(class_name) for class_name in self.SHOWN)
            if shown and not hierarchy.GetItemByDataNode(node):
                hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
