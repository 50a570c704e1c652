"""The panel's state in the scene."""

from __future__ import annotations

from typing import Annotated, Union

from slicer import vtkMRMLMarkupsFiducialNode, vtkMRMLMarkupsROINode, vtkMRMLScalarVolumeNode
from slicer.parameterNodeWrapper import Choice, parameterNodeWrapper

SLICE_VIEW_CHOICES = ("Red", "Yellow", "Green", "none")
CHOICES = {"sliceView": SLICE_VIEW_CHOICES}

# With None, which is what the wrapper writes at first, and in the one spelling that its connection to selectors knows.
PlacesNode = Union[vtkMRMLMarkupsFiducialNode, vtkMRMLMarkupsROINode, None]  # noqa: UP007


@parameterNodeWrapper
class X23DReconstructionParameterNode:
    """What the user chose.

    xrays: the X-rays that are reconstructed from.
    shownXray: the one in the slice view.
    places: where the vertebrae are.
    outlines: whether the vertebrae are outlined on the X-rays.
    sigmaColors: whether the vertebrae have the colours of their standard error.
    sliceView: which slice view shows the X-ray.
    """

    xrays: list[vtkMRMLScalarVolumeNode]
    shownXray: vtkMRMLScalarVolumeNode
    places: PlacesNode
    outlines: bool = True
    sigmaColors: bool = True
    sliceView: Annotated[str, Choice(SLICE_VIEW_CHOICES)] = "Red"
