"""The demonstration as a scene for 3D Slicer: CT, X-rays on their detectors, C-arm, bone and screws, and its views."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xray3d.demo.patient import DemoPatient
from xray3d.demo.pictures import save_png
from xray3d.demo.views import TECHNIQUES, DemoPicture, DemoView
from xray3d.drr.physics.display import to_display
from xray3d.drr.physics.presets import preset
from xray3d.errors import DeviceError, VolumeError, XRay3DError
from xray3d.volumes import XRayImage, load_xray

if TYPE_CHECKING:
    from xray3d.mrml.standalone import StandaloneScene

# The others would stand in each other's way; their models are in the scene, hidden.
_SHOWN_VIEWS = ("AP", "lateral")
_BONE_WINDOW_HU, _BONE_LEVEL_HU = 1800.0, 400.0
_METAL_COLOR = (1.0, 0.67, 0.24)
_WIDE_PX, _SQUARE_PX = (480, 960), (540, 540)
_CLOSE_UP_MM = 220.0


@dataclass(frozen=True)
class DemoScene:
    """What the demonstration leaves for Slicer.

    Attributes:
        file: the .mrb scene; None where it could not be made.
        pictures: its 3D and slice views; none where nothing can draw without a display.
        notes: one sentence for each thing that was left out.
    """

    file: Path | None
    pictures: tuple[DemoPicture, ...] = ()
    notes: tuple[str, ...] = ()


def make_scene(patient: DemoPatient, views: list[DemoView], folder: Path) -> DemoScene:
    """Write `scene.mrb` and pictures of it into the folder, from the X-rays that `take_views` left there.

    Where no MRML is installed (package `slicer-core`, or Slicer itself) the scene is left out and the note says so.
    """
    if find_spec("slicer") is None:
        return DemoScene(None, notes=("No scene for 3D Slicer: install the package slicer-core to have it made too.",))
    from xray3d.mrml.standalone import standalone_scene

    with standalone_scene() as own:
        ct_node, notes = _fill(patient, views)
        file = folder / "scene.mrb"
        file.unlink(missing_ok=True)
        if not own.scene.WriteToMRB(str(file.resolve())):
            raise XRay3DError(f"{file} could not be written; check the folder and the space left.")
        try:
            pictures = tuple(_pictures(own, ct_node, patient, folder))
        except DeviceError as error:
            return DemoScene(file, (), (*notes, str(error)))
    return DemoScene(file, pictures, tuple(notes))


def _fill(patient: DemoPatient, views: list[DemoView]) -> tuple[Any, list[str]]:
    from xray3d.mrml.models import add_surface
    from xray3d.mrml.subject_hierarchy import file_under
    from xray3d.mrml.volumes import ct_to_node

    ct_node = ct_to_node(patient.ct, "CT")
    ct_node.GetDisplayNode().AutoWindowLevelOff()
    ct_node.GetDisplayNode().SetWindowLevel(_BONE_WINDOW_HU, _BONE_LEVEL_HU)
    file_under(ct_node, "CT")
    for view in views:
        _add_view(view, patient)
    for implant in patient.implants:
        model = add_surface(implant.vertices_ras, implant.triangles, implant.name, _METAL_COLOR)
        model.GetDisplayNode().SetVisibility2D(True)
        model.GetDisplayNode().SetSliceIntersectionThickness(2)
        file_under(model, "Implants")
    return ct_node, _add_bone(ct_node)


def _add_bone(ct_node: Any) -> list[str]:
    """Adds the bone surface; returns a note where the CT shows none."""
    from xray3d.mrml.bone import add_bone_surface
    from xray3d.mrml.subject_hierarchy import file_under

    try:
        file_under(add_bone_surface(ct_node), "Bone")
    except VolumeError as error:
        return [str(error)]
    return []


def _fluoroscopy(view: DemoView) -> XRayImage:
    """The view's fluoroscopic image as a monitor shows it; of those without and with screws the latter, the last."""
    pictures = [picture for picture in view.pictures if picture.caption.startswith(TECHNIQUES[0])]
    xray = load_xray(pictures[-1].file.with_suffix(".nrrd"))
    output = preset(TECHNIQUES[0]).output
    shown = to_display(output.signal(xray.pixels.astype(np.uint16)), inverted=output.inverted)
    return replace(xray, pixels=shown.astype(np.float32))


def _add_view(view: DemoView, patient: DemoPatient) -> None:
    from xray3d.mrml.carm import show_carm
    from xray3d.mrml.frustum import show_frustum
    from xray3d.mrml.rays import show_rays
    from xray3d.mrml.subject_hierarchy import file_under
    from xray3d.mrml.xrays import xray_to_node

    xray = _fluoroscopy(view)
    node = xray_to_node(xray, name=f"{view.name} X-ray")
    node.GetDisplayNode().AutoWindowLevelOff()
    node.GetDisplayNode().SetWindowLevel(255, 127.5)
    file_under(node, "X-rays")
    carm = show_carm(xray.projection, patient.isocenter_ras)
    carm.SetName(f"{view.name} C-arm")
    file_under(carm, "C-arms")
    carm.GetDisplayNode().SetVisibility(view.name == _SHOWN_VIEWS[0])
    in_3d = show_frustum(node)
    if patient.implants:
        in_3d.append(show_rays(node, [_landmark(patient)]))
    for model in in_3d:
        file_under(model, "X-rays in 3D")
        model.GetDisplayNode().SetVisibility(view.name in _SHOWN_VIEWS)


def _landmark(patient: DemoPatient) -> NDArray[np.float64]:
    """What slices and close-up go through: the middle of the first screw, else what the C-arm aims at."""
    return patient.implants[0].vertices_ras.mean(axis=0) if patient.implants else patient.isocenter_ras


def _pictures(own: StandaloneScene, ct_node: Any, patient: DemoPatient, folder: Path) -> Iterator[DemoPicture]:
    from xray3d.mrml.offscreen import picture_3d, picture_slice

    center = _landmark(patient)
    yield _save(picture_3d(own, (0.8, -1.0, 0.7), _WIDE_PX), folder / "scene_3d.png", "3D view")
    close_up = picture_3d(own, (-0.6, -1.0, 0.3), _SQUARE_PX, center, _CLOSE_UP_MM)
    yield _save(close_up, folder / "scene_3d_close.png", "3D view from behind")
    for orientation in ("Axial", "Sagittal", "Coronal"):
        picture = picture_slice(own, ct_node, orientation, center, _SQUARE_PX, _CLOSE_UP_MM)
        yield _save(picture, folder / f"scene_{orientation.lower()}.png", f"{orientation.lower()} slice")


def _save(picture: Any, file: Path, caption: str) -> DemoPicture:
    save_png(picture, file)
    return DemoPicture(file, caption)
