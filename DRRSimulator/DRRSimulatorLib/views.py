"""The simulated X-rays of a scene: volume nodes that carry the settings they were taken with."""

from __future__ import annotations

import itertools

import slicer
from slicer.i18n import tr as _

from .greys import spreadGreys
from .viewsettings import DEFAULTS, ViewSettings, settingsFromJson

SETTINGS_ATTRIBUTE = "XRay3D.DRRSimulator.Settings"
PREVIEW_ATTRIBUTE = "XRay3D.DRRSimulator.Preview"
DRAWING_ATTRIBUTE = "XRay3D.DRRSimulator.Drawing"
XRAY_ROLE = "XRay3D.DRRSimulator.XRay"
"""Node reference from a model that shows an X-ray in 3D to the X-ray."""


def simulatedViews() -> list:
    """The X-rays of the scene that were simulated here, in the order in which they were taken."""
    nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return [node for node in nodes if node.GetAttribute(SETTINGS_ATTRIBUTE)]


def storeView(xray, settings: ViewSettings, node=None, name: str | None = None):
    """Write an X-ray into its node, or a new one; returns the node."""
    from xray3d.mrml.subject_hierarchy import file_under
    from xray3d.mrml.xrays import xray_to_node

    stored = xray_to_node(xray, node, name or _freeName())
    before = settingsFromJson(stored.GetAttribute(SETTINGS_ATTRIBUTE) or "")[0]
    if node is None or before.physics != settings.physics:
        spreadGreys(stored, xray, settings.physics)
    stored.SetAttribute(SETTINGS_ATTRIBUTE, settings.toJson())
    if node is None:
        file_under(stored, _("Simulated X-rays"))
    return stored


def settingsOfView(node, aboutRas) -> ViewSettings:
    """The settings of any X-ray node: those it was taken with, as long as it is still there; else its geometry's.

    Raises:
        GeometryError: not an X-ray with geometry, or one that the simulator has no settings for.
    """
    from xray3d.errors import GeometryError
    from xray3d.mrml.xrays import projection_from_node

    from .pose import projectionOf, sameGeometry, settingsOf

    projection = projection_from_node(node)
    stored = DEFAULTS
    if node.GetAttribute(SETTINGS_ATTRIBUTE):
        stored = settingsFromJson(node.GetAttribute(SETTINGS_ATTRIBUTE))[0]
        try:
            if sameGeometry(projectionOf(stored), projection):
                return stored
        except GeometryError:
            stored = DEFAULTS  # settings that contradict themselves say nothing about the X-ray
    return settingsOf(projection, stored, aboutRas)


def previewNode():
    """The node of the live preview, None before there is one."""
    nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return next((node for node in nodes if node.GetAttribute(PREVIEW_ATTRIBUTE)), None)


def storePreview(xray, physics: str):
    """Write a preview into its node: one a scene, never saved; returns the node."""
    from xray3d.mrml.xrays import xray_to_node

    node = xray_to_node(xray, previewNode(), _("X-ray preview"))
    spreadGreys(node, xray, physics)
    node.SetAttribute(PREVIEW_ATTRIBUTE, "1")
    node.SaveWithSceneOff()
    return node


def showIn3D(nodes: list, visible: bool) -> None:
    """Show X-rays on their detectors in the 3D view, with the frustums of their rays; or hide them."""
    from xray3d.mrml.frustum import FRUSTUM_ROLE, IMAGE_ROLE, show_frustum
    from xray3d.mrml.subject_hierarchy import file_under

    for node in nodes:
        if visible:
            for model in show_frustum(node):
                file_under(model, _("Simulated X-rays"))
                model.SetAttribute(DRAWING_ATTRIBUTE, "1")
                model.SetNodeReferenceID(XRAY_ROLE, node.GetID())
        for model in filter(None, map(node.GetNodeReference, (IMAGE_ROLE, FRUSTUM_ROLE))):
            model.GetDisplayNode().SetVisibility(visible)


def removeView(node) -> None:
    """Take an X-ray out of the scene, and what shows it in 3D."""
    _remove(node)
    removeOrphans()


def removeOrphans() -> None:
    """Remove what showed X-rays in 3D that are gone, by whatever module they were removed."""
    for model in slicer.util.getNodesByClass("vtkMRMLModelNode"):
        if model.GetAttribute(DRAWING_ATTRIBUTE) and model.GetNodeReference(XRAY_ROLE) is None:
            _remove(model)


def _remove(node) -> None:
    """Remove a node with its display and storage, which MRML would leave."""
    displays = [node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes())]
    for unwanted in [node, *displays, node.GetStorageNode()]:
        if unwanted is not None and slicer.mrmlScene.IsNodePresent(unwanted):
            slicer.mrmlScene.RemoveNode(unwanted)


def _freeName() -> str:
    """ "X-ray 1", or with the next number that no node has."""
    numbers = itertools.count(1)
    names = (_("X-ray {number}").format(number=number) for number in numbers)
    return next(name for name in names if slicer.mrmlScene.GetFirstNodeByName(name) is None)
