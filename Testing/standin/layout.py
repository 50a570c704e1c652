"""The views of the application: real view, slice and camera nodes and slice logics, with no window to draw into."""

from typing import Any

import slicer
import vtk
from PySide6.QtCore import QObject, Signal


class ThreeDView:
    """The 3D view: its nodes, and the commands that scripted modules give it."""

    def __init__(self, view_node: Any) -> None:
        self._view_node = view_node

    def mrmlViewNode(self) -> Any:
        """The vtkMRMLViewNode."""
        return self._view_node

    def cameraNode(self) -> Any:
        """The vtkMRMLCameraNode that this view looks through; made where the scene has none, as the view does."""
        scene = self._view_node.GetScene()
        cameras = slicer.modules.cameras.logic()
        camera = cameras.GetViewActiveCameraNode(self._view_node)
        if camera is None:
            camera = scene.AddNewNodeByClass("vtkMRMLCameraNode")
            camera.SetLayoutName(self._view_node.GetLayoutName())
        return camera

    def resetFocalPoint(self) -> None:
        """Look at the middle of what the scene shows."""
        bounds = vtk.vtkBoundingBox()
        for node in slicer.util.getNodesByClass("vtkMRMLDisplayableNode"):
            node_bounds = [1.0, -1.0] * 3
            node.GetRASBounds(node_bounds)
            if node_bounds[0] <= node_bounds[1] and not node.GetHideFromEditors():
                bounds.AddBounds(node_bounds)
        if bounds.IsValid():
            middle = [0.0, 0.0, 0.0]
            bounds.GetCenter(middle)
            self.cameraNode().SetFocalPoint(middle)

    def scheduleRender(self) -> None:
        """Nothing is drawn."""

    forceRender = scheduleRender


class ThreeDWidget:
    """The frame around a 3D view."""

    def __init__(self, view_node: Any) -> None:
        self._view = ThreeDView(view_node)

    def threeDView(self) -> ThreeDView:
        """The view itself."""
        return self._view

    def threeDController(self) -> ThreeDView:
        """The bar above the view, whose commands are the view's."""
        return self._view

    def mrmlViewNode(self) -> Any:
        """The vtkMRMLViewNode."""
        return self._view.mrmlViewNode()


class SliceWidget:
    """A slice view: its nodes and its logic."""

    def __init__(self, slice_logic: Any) -> None:
        self._slice_logic = slice_logic

    def sliceLogic(self) -> Any:
        """The vtkMRMLSliceLogic."""
        return self._slice_logic

    def mrmlSliceNode(self) -> Any:
        """The vtkMRMLSliceNode."""
        return self._slice_logic.GetSliceNode()

    def mrmlSliceCompositeNode(self) -> Any:
        """The vtkMRMLSliceCompositeNode."""
        return self._slice_logic.GetSliceCompositeNode()


class LayoutManager(QObject):
    """``slicer.app.layoutManager()``: the layout's views, named as in Slicer."""

    layoutChanged = Signal(int)

    def __init__(self, application_logic: Any, scene: Any) -> None:
        super().__init__()
        self._scene = scene
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLApplicationLogic(application_logic)
        self._logic.SetMRMLScene(scene)
        self._application_logic = application_logic
        self._slice_logics: dict[str, Any] = {}
        self._collection = vtk.vtkCollection()
        application_logic.SetSliceLogics(self._collection)
        self.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
        scene.AddObserver(slicer.vtkMRMLScene.EndCloseEvent, lambda *_: self._restore())
        scene.AddObserver(slicer.vtkMRMLScene.EndImportEvent, lambda *_: self._restore())

    def layoutLogic(self) -> Any:
        """The vtkMRMLLayoutLogic."""
        return self._logic

    @property
    def layout(self) -> int:
        """The number of the layout shown."""
        return self._logic.GetLayoutNode().GetViewArrangement()

    def setLayout(self, layout: int) -> None:
        """Show another layout; its views are made."""
        self._logic.GetLayoutNode().SetViewArrangement(layout)
        self._restore()
        self.layoutChanged.emit(layout)

    def sliceViewNames(self) -> list[str]:
        """The names of the slice views, such as "Red"."""
        return [node.GetLayoutName() for node in self._view_nodes("vtkMRMLSliceNode")]

    def sliceWidget(self, name: str) -> SliceWidget | None:
        """The slice view of that name."""
        return SliceWidget(self._slice_logics[name]) if name in self._slice_logics else None

    def mrmlSliceLogics(self) -> Any:
        """The logics of all slice views, as a vtkCollection."""
        return self._collection

    @property
    def threeDViewCount(self) -> int:
        """How many 3D views the layout has."""
        return len(self._view_nodes("vtkMRMLViewNode"))

    def threeDWidget(self, which: int | str) -> ThreeDWidget | None:
        """The 3D view of that number or name."""
        for index, node in enumerate(self._view_nodes("vtkMRMLViewNode")):
            if which in (index, node.GetLayoutName()):
                return ThreeDWidget(node)
        return None

    def activeMRMLThreeDViewNode(self) -> Any:
        """The first 3D view's node."""
        return next(iter(self._view_nodes("vtkMRMLViewNode")), None)

    def resetThreeDViews(self) -> None:
        """Every 3D view looks at the middle of what the scene shows."""
        for index in range(self.threeDViewCount):
            self.threeDWidget(index).threeDView().resetFocalPoint()

    def resetSliceViews(self) -> None:
        """Every slice view shows the whole of its background."""
        for logic in self._slice_logics.values():
            logic.FitSliceToBackground()

    def _view_nodes(self, class_name: str) -> list[Any]:
        nodes = self._logic.GetViewNodes()
        every = [nodes.GetItemAsObject(index) for index in range(nodes.GetNumberOfItems())]
        return [node for node in every if node.IsA(class_name)]

    def _restore(self) -> None:
        """Views have their logics and cameras again, whatever the scene was left with."""
        for node in self._view_nodes("vtkMRMLSliceNode"):
            name = node.GetLayoutName()
            if name not in self._slice_logics:
                self._slice_logics[name] = self._make_slice_logic(node)
            elif self._slice_logics[name].GetSliceNode() is not node:
                self._slice_logics[name].SetSliceNode(node)
        for index in range(self.threeDViewCount):
            self.threeDWidget(index).threeDView().cameraNode()

    def _make_slice_logic(self, slice_node: Any) -> Any:
        logic = slicer.vtkMRMLSliceLogic()
        logic.SetMRMLApplicationLogic(self._application_logic)
        logic.SetMRMLScene(self._scene)
        logic.SetSliceNode(slice_node)
        slice_node.SetDimensions(256, 256, 1)
        self._collection.AddItem(logic)
        return logic
