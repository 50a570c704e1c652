"""A scene of one's own, outside the desktop application.

With the `slicer-core` package, or beside the application's scene: an MRML scene with the logics that nodes, colours,
storage and .mrb files need.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import slicer


class StandaloneScene:
    """An MRML scene and what keeps it working.

    Attributes:
        scene: the vtkMRMLScene.
        application_logic: the vtkSlicerApplicationLogic that views need.
    """

    def __init__(self) -> None:
        self.scene = slicer.vtkMRMLScene()
        self._temporary = tempfile.TemporaryDirectory(prefix="xray3d-scene-")
        # Without these two, writing an .mrb stops in a null pointer.
        self.scene.SetURL("")
        self.scene.SetRootDirectory(self._temporary.name)
        self.application_logic = slicer.vtkSlicerApplicationLogic()
        self.application_logic.SetMRMLScene(self.scene)
        colors = self.application_logic.GetColorLogic()
        colors.SetMRMLScene(self.scene)
        colors.AddDefaultColorNodes()
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(self.scene)
        self._kept = [*self._data_input_output(), *self._module_logics()]

    def close(self) -> None:
        """Empty the scene and remove its temporary files."""
        self.scene.Clear(True)
        self._temporary.cleanup()

    def _data_input_output(self) -> list[Any]:
        """Reading an .mrb unpacks it into the cache folder of these."""
        cache, manager, logic = slicer.vtkCacheManager(), slicer.vtkDataIOManager(), slicer.vtkDataIOManagerLogic()
        cache.SetRemoteCacheDirectory(self._temporary.name)
        cache.SetMRMLScene(self.scene)
        manager.SetCacheManager(cache)
        self.scene.SetCacheManager(cache)
        self.scene.SetDataIOManager(manager)
        logic.SetMRMLScene(self.scene)
        logic.SetAndObserveDataIOManager(manager)
        return [cache, manager, logic]

    def _module_logics(self) -> list[Any]:
        """These register the node classes of markups and segmentations, and their storage."""
        logics = [slicer.vtkSlicerMarkupsLogic(), slicer.vtkSlicerSegmentationsModuleLogic()]
        for logic in logics:
            logic.SetMRMLApplicationLogic(self.application_logic)
            logic.SetMRMLScene(self.scene)
        return logics


@contextmanager
def standalone_scene() -> Iterator[StandaloneScene]:
    """A scene of one's own that is `slicer.mrmlScene` inside the `with` block, and gone after it."""
    before = getattr(slicer, "mrmlScene", None)
    own = StandaloneScene()
    slicer.mrmlScene = own.scene
    try:
        yield own
    finally:
        if before is None:
            del slicer.mrmlScene
        else:
            slicer.mrmlScene = before
        own.close()
