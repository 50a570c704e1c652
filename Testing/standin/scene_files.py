"""``slicer.app.coreIOManager()``: what slicer.util.saveScene, loadScene, saveNode and load… call."""

from pathlib import Path
from typing import Any

import slicer
import vtk

LOADERS = {
    "VolumeFile": lambda path, properties: slicer.modules.volumes.logic().AddArchetypeVolume(
        path, properties.get("name") or Path(path).name.partition(".")[0], 1 if properties.get("labelmap") else 0
    ),
    "ModelFile": lambda path, _: slicer.modules.models.logic().AddModel(
        path, slicer.vtkMRMLStorageNode.CoordinateSystemLPS
    ),
    "TransformFile": lambda path, _: slicer.modules.transforms.logic().AddTransform(path, slicer.mrmlScene),
    "SegmentationFile": lambda path, _: slicer.modules.segmentations.logic().LoadSegmentationFromFile(path),
    "MarkupsFile": lambda path, _: slicer.mrmlScene.GetNodeByID(slicer.modules.markups.logic().LoadMarkups(path)),
}
TYPES_BY_ENDING = {
    (".mrb", ".mrml"): "SceneFile",
    (".seg.nrrd", ".seg.nhdr"): "SegmentationFile",
    (".mrk.json", ".fcsv"): "MarkupsFile",
    (".h5", ".tfm", ".txt", ".mat"): "TransformFile",
    (".stl", ".ply", ".vtp", ".vtk", ".obj"): "ModelFile",
    (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd", ".tif", ".png", ".dcm"): "VolumeFile",
}


class CoreIOManager:
    """Reads and writes scenes and nodes by their file type."""

    def fileType(self, filename: str) -> str:
        """The type that the file's name ends in, "NoFile" where unknown."""
        for endings, file_type in TYPES_BY_ENDING.items():
            if str(filename).lower().endswith(endings):
                return file_type
        return "NoFile"

    def fileWriterFileType(self, node: Any) -> str:
        """The type under which a node is written: any that is not a scene."""
        return node.GetNodeTagName() + "File"

    def loadNodes(self, file_type: str, properties: dict, loaded: Any, messages: Any) -> bool:
        """Read a file into the scene; the new nodes are added to ``loaded``."""
        path = str(properties["fileName"])
        if file_type == "SceneFile":
            return self._load_scene(path, bool(properties.get("clear", False)), messages)
        if file_type not in LOADERS or not Path(path).is_file():
            messages.AddMessage(vtk.vtkCommand.ErrorEvent, f"Cannot read {path}")
            return False
        node = LOADERS[file_type](path, properties)
        if node:
            loaded.AddItem(node)
        return node is not None

    def saveNodes(self, file_type: str, properties: dict, messages: Any) -> bool:
        """Write the scene, or the node that ``properties["nodeID"]`` names."""
        path = str(properties["fileName"])
        if file_type == "SceneFile":
            return self._save_scene(path, messages)
        node = slicer.mrmlScene.GetNodeByID(properties["nodeID"])
        if not node.GetStorageNode():
            node.AddDefaultStorageNode()
        node.GetStorageNode().SetFileName(path)
        return bool(node.GetStorageNode().WriteData(node))

    @staticmethod
    def _load_scene(path: str, clear: bool, messages: Any) -> bool:
        scene = slicer.mrmlScene
        if path.endswith(".mrb"):
            return bool(scene.ReadFromMRB(path, clear, messages))
        scene.SetURL(path)
        return bool(scene.Connect(messages) if clear else scene.Import(messages))

    @staticmethod
    def _save_scene(path: str, messages: Any) -> bool:
        scene = slicer.mrmlScene
        if path.endswith(".mrb"):
            return bool(scene.WriteToMRB(path, None, messages))
        scene.SetRootDirectory(str(Path(path).parent))
        return bool(scene.Commit(path, messages))
