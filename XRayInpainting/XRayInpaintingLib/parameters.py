"""The panel's state in the scene."""

from __future__ import annotations

from typing import Annotated, Union

from slicer import vtkMRMLMarkupsROINode, vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode, vtkMRMLSequenceNode
from slicer.parameterNodeWrapper import Choice, WithinRange, parameterNodeWrapper

OVERLAY_CHOICES = ("without implants", "difference", "uncertainty")
SLICE_VIEW_CHOICES = ("Red", "Yellow", "Green", "none")
CHOICES = {"overlay": OVERLAY_CHOICES, "sliceView": SLICE_VIEW_CHOICES}

RANGES = {"growPx": (1, 50), "blend": (0.0, 1.0)}
"""Smallest and largest value of every number."""

# With None, which is what the wrapper writes at first, and in the one spelling that its connection to selectors knows.
RegionNode = Union[vtkMRMLMarkupsROINode, vtkMRMLSegmentationNode, None]  # noqa: UP007


@parameterNodeWrapper
class XRayInpaintingParameterNode:
    """What the user chose.

    xrays: the X-rays that are worked on.
    shownXray: the one in the slice view.
    implants: where the implants are; None for what is found on each X-ray.
    region: what is found outside of it does not count; None for everywhere.
    growPx: by how much Grow and Shrink change what was found.
    difference, uncertainty: whether these are made as well.
    overlay: what is shown over the X-ray, one of `OVERLAY_CHOICES`.
    blend: how much of it, from 0 for the X-ray to 1.
    outlines: whether the implants are outlined.
    sliceView: which slice view shows the X-ray.
    sequence: X-rays of which every frame is worked on.
    """

    xrays: list[vtkMRMLScalarVolumeNode]
    shownXray: vtkMRMLScalarVolumeNode
    implants: vtkMRMLSegmentationNode
    region: RegionNode
    growPx: Annotated[int, WithinRange(*RANGES["growPx"])] = 2
    difference: bool = True
    uncertainty: bool = True
    overlay: Annotated[str, Choice(OVERLAY_CHOICES)] = OVERLAY_CHOICES[0]
    blend: Annotated[float, WithinRange(*RANGES["blend"])] = 1.0
    outlines: bool = True
    sliceView: Annotated[str, Choice(SLICE_VIEW_CHOICES)] = "Red"
    sequence: vtkMRMLSequenceNode
