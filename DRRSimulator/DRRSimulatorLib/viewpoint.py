"""The C-arm in the 3D view: drawn, looked from, and put where the camera is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import slicer

from .viewsettings import ViewSettings


def drawCArm(settings: ViewSettings, node=None):
    """Draw source, detector and central ray in the 3D view; returns the model node, `node` where there was one."""
    from xray3d.mrml.carm import show_carm

    from .pose import projectionOf

    drawn = show_carm(projectionOf(settings), settings.isocenterRas, node)
    drawn.SetSelectable(False)
    return drawn


def lookFromSource(settings: ViewSettings) -> bool:
    """Put the 3D view's camera into the source, so that it sees what the X-ray shows; False without a 3D view."""
    from .pose import projectionOf

    camera = _camera()
    if camera is None:
        return False
    projection = projectionOf(settings)
    detector = projection.image_to_ras @ [(settings.columns - 1) / 2, (settings.rows - 1) / 2, 0, 1]
    camera.SetPosition(*projection.source_ras)
    camera.SetFocalPoint(*detector[:3])
    camera.SetViewUp(*(-projection.extrinsic[1, :3]))
    camera.SetParallelProjection(False)
    height = settings.rows * settings.pixelRowMm
    camera.SetViewAngle(float(np.rad2deg(2 * np.arctan(height / 2 / settings.sddMm))))
    camera.ResetClippingRange()
    return True


def lookedFrom(settings: ViewSettings) -> ViewSettings | None:
    """The settings with the C-arm looking as the 3D view does; None without a 3D view.

    Distances stay; the isocentre moves to the point of the line of sight that is nearest to it. A C-arm does not roll,
    so the camera's roll is not taken over.
    """
    from xray3d.geometry.carm import carm_angles_deg

    camera = _camera()
    if camera is None:
        return None
    position, focalPoint = np.array(camera.GetPosition()), np.array(camera.GetFocalPoint())
    direction = (focalPoint - position) / np.linalg.norm(focalPoint - position)
    primary, secondary = carm_angles_deg(direction)
    isocenter = position + direction * float((np.array(settings.isocenterRas) - position) @ direction)
    turned = replace(settings, primaryDeg=primary, secondaryDeg=secondary, rollDeg=0.0)
    return replace(turned, offsetRowMm=0.0, offsetColumnMm=0.0).withIsocenter(isocenter)


def _camera():
    layout = slicer.app.layoutManager()
    if layout is None or layout.threeDViewCount == 0:
        return None
    viewNode = layout.threeDWidget(0).mrmlViewNode()
    cameraNode = slicer.modules.cameras.logic().GetViewActiveCameraNode(viewNode)
    return cameraNode
