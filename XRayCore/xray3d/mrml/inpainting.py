"""X-rays without their implants, beside the X-rays that they are made of.

What is made of an X-ray is a node of its own that refers to that X-ray: it is found again, also in a loaded scene, and
updated when it is made again. The X-ray stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
import slicer.util
from numpy.typing import NDArray

from xray3d.errors import VolumeError
from xray3d.mrml.polydata import Color
from xray3d.mrml.segmentations import lay_on, put_segment
from xray3d.mrml.xrays import pixels_of
from xray3d.volumes.grey_values import of_type
from xray3d.volumes.xray_files import PRINCIPAL_POINT_ATTRIBUTE, SDD_ATTRIBUTE

SEGMENT_ID = "Implants"
IMPLANTS_COLOR: Color = (1.0, 0.55, 0.1)
_UNCERTAINTY_COLORS = "vtkMRMLColorTableNodeIron"


@dataclass(frozen=True)
class Output:
    """A kind of node that is made of an X-ray.

    Attributes:
        role: of the reference to the X-ray.
        name: what follows the X-ray's name.
        node_class: of MRML.
    """

    role: str
    name: str
    node_class: str = "vtkMRMLScalarVolumeNode"


CLEAN = Output("XRay3D.WithoutImplantsOf", "without implants")
CLEAN_SEQUENCE = Output("XRay3D.WithoutImplantsOf", "without implants", "vtkMRMLSequenceNode")
IMPLANTS = Output("XRay3D.ImplantsOf", "implants", "vtkMRMLSegmentationNode")
UNCERTAINTY = Output("XRay3D.InpaintingUncertaintyOf", "inpainting uncertainty")
DIFFERENCE = Output("XRay3D.InpaintingDifferenceOf", "difference")


def output_of(xray_node: Any, output: Output) -> Any:
    """The node of this kind that was made of an X-ray; None where there is none."""
    nodes = slicer.util.getNodesByClass(output.node_class)
    return next((node for node in nodes if node.GetNodeReferenceID(output.role) == xray_node.GetID()), None)


def is_output(node: Any) -> bool:
    """Whether a volume node was made of an X-ray here."""
    return any(node.GetNodeReferenceID(output.role) for output in (CLEAN, UNCERTAINTY, DIFFERENCE))


def show_clean(pixels: NDArray[np.floating], xray_node: Any) -> Any:
    """The X-ray without implants, with the X-ray's geometry, scalar type and display; returns its volume node.

    Args:
        pixels: (rows, cols) on the X-ray's grey scale.
        xray_node: the X-ray's volume node.
    """
    node = _show(of_type(pixels, pixels_of(xray_node).dtype), xray_node, CLEAN)
    for name in (SDD_ATTRIBUTE, PRINCIPAL_POINT_ATTRIBUTE):
        node.SetAttribute(name, xray_node.GetAttribute(name))
    show_alike(node, xray_node)
    return node


def show_alike(node: Any, xray_node: Any) -> None:
    """Show a volume in the grey values of an X-ray: its window, level and colours."""
    display, shown = node.GetDisplayNode(), xray_node.GetDisplayNode()
    if shown is None:
        return
    with slicer.util.NodeModify(display):
        display.SetAutoWindowLevel(False)
        display.SetWindowLevel(shown.GetWindow(), shown.GetLevel())
        display.SetInterpolate(shown.GetInterpolate())
        display.SetAndObserveColorNodeID(shown.GetColorNodeID())


def show_difference(xray_node: Any) -> Any:
    """How much brighter the clean X-ray is than the X-ray, black where darker; returns its volume node.

    There has to be a clean X-ray.
    """
    clean = pixels_of(output_of(xray_node, CLEAN)).astype(float)
    difference = clean - pixels_of(xray_node)
    node = _show(difference.astype(np.float32), xray_node, DIFFERENCE)
    largest = float(np.abs(difference).max()) or 1.0
    node.GetDisplayNode().SetAutoWindowLevel(False)
    node.GetDisplayNode().SetWindowLevelMinMax(-largest, largest)
    return node


def show_uncertainty(sigma: NDArray[np.floating], xray_node: Any) -> Any:
    """The standard error of what was painted, seen through where nothing was; returns its volume node.

    Args:
        sigma: (rows, cols) on the X-ray's grey scale, 0 where nothing was painted.
        xray_node: the X-ray's volume node.
    """
    node = _show(sigma.astype(np.float32), xray_node, UNCERTAINTY)
    display = node.GetDisplayNode()
    largest = float(sigma.max()) or 1.0
    with slicer.util.NodeModify(display):
        display.SetAndObserveColorNodeID(_UNCERTAINTY_COLORS)
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(0.0, largest)
        display.SetAutoThreshold(False)
        display.SetThreshold(float(np.min(sigma, where=sigma > 0, initial=largest)), largest)
        display.SetApplyThreshold(True)
    return node


def show_implants(mask: NDArray[np.bool_], xray_node: Any) -> Any:
    """Where there are implants, as the segment "Implants"; returns its segmentation node.

    Segments that the user added to the node stay.

    Args:
        mask: (rows, cols).
        xray_node: the X-ray's volume node.
    """
    node = output_of(xray_node, IMPLANTS)
    if node is None:
        node = _add(xray_node, IMPLANTS)
        node.GetDisplayNode().SetVisibility2DFill(False)
    lay_on(node, xray_node)
    put_segment(node, SEGMENT_ID, mask[None], xray_node, SEGMENT_ID, IMPLANTS_COLOR)
    return node


def frames_of(sequence_node: Any) -> list[Any]:
    """The volume nodes of a sequence of X-rays.

    Raises:
        VolumeError: no sequence, or an empty one.
    """
    if sequence_node is None or not sequence_node.IsA("vtkMRMLSequenceNode"):
        raise VolumeError("No sequence is chosen; choose a sequence of X-rays.")
    count = sequence_node.GetNumberOfDataNodes()
    if not count:
        raise VolumeError(f"{sequence_node.GetName()} has no frames; choose another sequence.")
    return [sequence_node.GetNthDataNode(n) for n in range(count)]


def show_clean_sequence(images: Sequence[NDArray], sequence_node: Any) -> Any:
    """The frames of a sequence without implants, played along with it; returns their sequence node.

    Args:
        images: (rows, cols) for each frame, of its scalar type.
        sequence_node: of the X-rays.
    """
    node = output_of(sequence_node, CLEAN_SEQUENCE) or _add(sequence_node, CLEAN_SEQUENCE)
    node.RemoveAllDataNodes()
    node.CopySequenceIndex(sequence_node)
    for number, (image, frame) in enumerate(zip(images, frames_of(sequence_node), strict=True)):
        copy = node.SetDataNodeAtValue(frame, sequence_node.GetNthIndexValue(number))
        slicer.util.updateVolumeFromArray(copy, image[None])
    for browser in slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode"):
        if browser.IsSynchronizedSequenceNode(sequence_node, True):
            browser.AddSynchronizedSequenceNode(node)
    return node


def region_on(xray_node: Any) -> Any:
    """A new region of interest over the middle of an X-ray, square to its detector; returns its markups node."""
    rows, columns = pixels_of(xray_node).shape
    spacing = np.array(xray_node.GetSpacing())
    directions = np.zeros((3, 3))
    xray_node.GetIJKToRASDirections(directions)
    placement = np.eye(4)
    placement[:3, :3] = directions
    middle = np.multiply([(columns - 1) / 2, (rows - 1) / 2, 0], spacing)
    placement[:3, 3] = xray_node.GetOrigin() + directions @ middle
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", f"{xray_node.GetName()} region")
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetFillVisibility(False)
    node.SetAndObserveTransformNodeID(xray_node.GetTransformNodeID())
    node.SetAndObserveObjectToNodeMatrix(slicer.util.vtkMatrixFromArray(placement))
    node.SetSize(columns * spacing[0] / 2, rows * spacing[1] / 2, max(columns, rows) * spacing[0] / 10)
    return node


def _show(pixels: NDArray, xray_node: Any, output: Output) -> Any:
    node = output_of(xray_node, output) or _add(xray_node, output)
    with slicer.util.NodeModify(node):
        node.CopyOrientation(xray_node)
        node.SetAndObserveTransformNodeID(xray_node.GetTransformNodeID())
        slicer.util.updateVolumeFromArray(node, np.ascontiguousarray(pixels)[None])
    return node


def _add(xray_node: Any, output: Output) -> Any:
    node = slicer.mrmlScene.AddNewNodeByClass(output.node_class, f"{xray_node.GetName()} {output.name}")
    node.SetNodeReferenceID(output.role, xray_node.GetID())
    if node.IsA("vtkMRMLDisplayableNode"):
        node.CreateDefaultDisplayNodes()
    return node
