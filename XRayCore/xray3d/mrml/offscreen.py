"""Pictures of a scene without a screen, drawn by Slicer's own displayable managers: what its views would show.

Needs a standalone scene (see `standalone`) and an OpenGL driver that works without a display (EGL or OSMesa on Linux,
any driver elsewhere).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import slicer
import slicer.util
from numpy.typing import ArrayLike, NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkObject
from vtkmodules.vtkRenderingCore import (
    vtkActor2D,
    vtkImageMapper,
    vtkRenderer,
    vtkRenderWindow,
    vtkRenderWindowInteractor,
    vtkWindowToImageFilter,
)

from xray3d.errors import DeviceError
from xray3d.mrml.standalone import StandaloneScene

Picture = NDArray[np.uint8]

_BACKGROUND = (0.10, 0.12, 0.16)
_MARGIN = 1.05
_MANAGER_3D = "vtkMRMLModelDisplayableManager"
_MANAGER_2D = "vtkMRMLModelSliceDisplayableManager"


def require_drawing() -> None:
    """DeviceError when nothing here can draw without a display."""
    if not _can_draw():
        raise DeviceError(
            "Pictures of the scene need OpenGL that works without a display; install Mesa's EGL or OSMesa library."
        )


def picture_3d(
    own: StandaloneScene,
    from_ras: ArrayLike,
    size_px: tuple[int, int] = (720, 960),
    focus_ras: ArrayLike | None = None,
    height_mm: float | None = None,
) -> Picture:
    """The scene's 3D view as (rows, cols, 3) uint8, the patient's head up.

    Args:
        from_ras: direction (3,) from the focus to the eye, not along the patient's long axis.
        focus_ras: what the view is centred on, (3,) mm; None for all that is visible.
        height_mm: how much of the scene the view's height shows at the focus; None for all that is visible.

    Raises:
        DeviceError: nothing here can draw without a display.
    """
    view_node = slicer.vtkMRMLViewNode()
    view_node.SetLayoutName("XRay3D picture")
    factory = slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance()
    with _view(own, factory, _MANAGER_3D, view_node, size_px) as (renderer, window):
        _aim(renderer.GetActiveCamera(), renderer, np.asarray(from_ras, float), focus_ras, height_mm)
        renderer.ResetCameraClippingRange()
        return _captured(window)


def picture_slice(
    own: StandaloneScene,
    volume_node: Any,
    orientation: str,
    center_ras: ArrayLike,
    size_px: tuple[int, int] = (480, 480),
    height_mm: float | None = None,
) -> Picture:
    """A slice view as (rows, cols, 3) uint8, with the models that it cuts.

    Args:
        orientation: "Axial", "Sagittal" or "Coronal".
        center_ras: (3,) mm, a point of the slice, and the centre of a view of `height_mm`.
        height_mm: how much of the slice is shown; None for all of the volume.

    Raises:
        DeviceError: nothing here can draw without a display.
    """
    logic = slicer.vtkMRMLSliceLogic()
    logic.SetMRMLApplicationLogic(own.application_logic)
    logic.SetMRMLScene(own.scene)
    slice_node = logic.AddSliceNode("XRay3D picture")
    composite_node = logic.GetSliceCompositeNode()
    slice_node.SetOrientation(orientation)
    composite_node.SetBackgroundVolumeID(volume_node.GetID())
    slice_node.SetDimensions(size_px[1], size_px[0], 1)
    logic.FitSliceToBackground()
    slice_node.JumpSliceByOffsetting(*np.asarray(center_ras, float))
    if height_mm is not None:
        slice_node.SetFieldOfView(height_mm * size_px[1] / size_px[0], height_mm, slice_node.GetFieldOfView()[2])
        slice_node.JumpSliceByCentering(*np.asarray(center_ras, float))
    factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
    try:
        with _view(own, factory, _MANAGER_2D, slice_node, size_px, _image(logic)) as (_, window):
            return _captured(window)
    finally:
        for node in (slice_node, composite_node, logic.GetSliceModelNode()):
            own.scene.RemoveNode(node)


@cache
def _can_draw() -> bool:
    """Whether a window can be drawn here without a display; tried in a process of its own, because VTK may crash."""
    trial = (
        "import vtkmodules.vtkRenderingOpenGL2; from vtkmodules.vtkRenderingCore import vtkRenderWindow;"
        "window = vtkRenderWindow(); window.SetOffScreenRendering(True); window.Render()"
    )
    return subprocess.run([sys.executable, "-c", trial], capture_output=True).returncode == 0


def _hidden_window(size_px: tuple[int, int]) -> vtkRenderWindow:
    shown = vtkObject.GetGlobalWarningDisplay()
    # Without an X server VTK takes EGL, and complains of the server.
    vtkObject.GlobalWarningDisplayOff()
    try:
        window = vtkRenderWindow()
    finally:
        vtkObject.SetGlobalWarningDisplay(shown)
    window.SetOffScreenRendering(True)
    window.SetMultiSamples(8)
    window.SetSize(size_px[1], size_px[0])
    return window


@contextmanager
def _view(
    own: StandaloneScene,
    factory: Any,
    manager: str,
    view_node: Any,
    size_px: tuple[int, int],
    underlay: vtkActor2D | None = None,
) -> Iterator[tuple[vtkRenderer, vtkRenderWindow]]:
    """A window that a displayable manager fills with what `view_node` shows; the scene is as before afterwards."""
    require_drawing()
    renderer, window, interactor = vtkRenderer(), _hidden_window(size_px), vtkRenderWindowInteractor()
    window.AddRenderer(renderer)
    renderer.SetBackground(*_BACKGROUND)
    if underlay is not None:
        renderer.AddViewProp(underlay)  # first, because flat props are drawn in this order
    interactor.SetRenderWindow(window)
    application_logic = factory.GetMRMLApplicationLogic()
    factory.SetMRMLApplicationLogic(own.application_logic)
    if not factory.IsDisplayableManagerRegistered(manager):
        factory.RegisterDisplayableManager(manager)
    added = view_node.GetScene() is None
    if added:
        own.scene.AddNode(view_node)
    group = factory.InstantiateDisplayableManagers(renderer)
    group.SetMRMLDisplayableNode(view_node)
    try:
        yield renderer, window
    finally:
        group.SetMRMLDisplayableNode(None)
        factory.SetMRMLApplicationLogic(application_logic)
        if added:
            own.scene.RemoveNode(view_node)
        window.Finalize()


def _aim(camera: Any, renderer: vtkRenderer, from_ras: NDArray, focus_ras: Any, height_mm: float | None) -> None:
    points = _visible_points(renderer)
    focus = (points.min(axis=0) + points.max(axis=0)) / 2 if focus_ras is None else np.asarray(focus_ras, float)
    towards_eye = from_ras / np.linalg.norm(from_ras)
    right = np.cross((0.0, 0.0, 1.0), towards_eye)
    right /= np.linalg.norm(right)
    up = np.cross(towards_eye, right)
    slope = np.tan(np.deg2rad(camera.GetViewAngle()) / 2)
    if height_mm is None:
        x, y, z = np.stack([right, up, towards_eye]) @ (points - focus).T
        distance = _MARGIN * np.max(z + np.maximum(np.abs(x) / renderer.GetTiledAspectRatio(), np.abs(y)) / slope)
    else:
        distance = height_mm / 2 / slope
    camera.SetFocalPoint(*focus)
    camera.SetPosition(*(focus + distance * towards_eye))
    camera.SetViewUp(0, 0, 1)


def _visible_points(renderer: vtkRenderer) -> NDArray:
    """The points (n, 3) of all surfaces that are visible."""
    actors: Any = renderer.GetActors()
    points = [np.zeros((0, 3))]
    for actor in actors:
        surface = actor.GetMapper().GetInput() if actor.GetVisibility() and actor.GetMapper() else None
        if surface is not None and surface.GetNumberOfPoints():
            to_ras = slicer.util.arrayFromVTKMatrix(actor.GetMatrix())
            points.append(vtk_to_numpy(surface.GetPoints().GetData()) @ to_ras[:3, :3].T + to_ras[:3, 3])
    found = np.concatenate(points)
    return found if len(found) else np.zeros((1, 3))


def _image(logic: Any) -> vtkActor2D:
    mapper, actor = vtkImageMapper(), vtkActor2D()
    mapper.SetInputConnection(logic.GetImageDataConnection())
    mapper.SetColorWindow(255)
    mapper.SetColorLevel(127.5)
    actor.SetMapper(mapper)
    return actor


def _captured(window: vtkRenderWindow) -> Picture:
    window.Render()
    grab = vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.ReadFrontBufferOff()
    grab.Update()
    image = grab.GetOutput()
    cols, rows, _ = image.GetDimensions()
    # VTK's first row is the lowest.
    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(rows, cols, 3)[::-1].copy()
