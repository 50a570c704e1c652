"""The panel's state in the scene."""

from __future__ import annotations

from typing import Annotated, Union

import slicer
from slicer import (
    vtkMRMLLabelMapVolumeNode,
    vtkMRMLMarkupsFiducialNode,
    vtkMRMLModelNode,
    vtkMRMLScalarVolumeNode,
    vtkMRMLSegmentationNode,
)
from slicer.parameterNodeWrapper import Choice, WithinRange, parameterNodeWrapper

from .adjustment import Adjustment

MAX_XRAYS = 4

START_CHOICES = {
    "where the X-rays are now": "current",
    "landmarks": "landmarks",
    "search": "search",
    "model": "model",
}
"""What the panel calls the starts, and what the logic does."""

IMPLANT_CHOICES = {"keep": "keep", "mask": "mask", "remove": "inpaint", "remove and mask": "both"}
"""What the panel calls what is done about metal, and what the library calls it."""

OVERLAY_CHOICES = ("blend", "checkerboard", "X-ray alone")
SLICE_VIEW_CHOICES = ("Red", "Yellow", "Green", "none")
CHOICES = {
    "start": tuple(START_CHOICES),
    "implants": tuple(IMPLANT_CHOICES),
    "overlay": OVERLAY_CHOICES,
    "sliceView": SLICE_VIEW_CHOICES,
}

RANGES = {
    "relativeMm": (0.1, 50.0),
    "relativeDeg": (0.1, 20.0),
    "blend": (0.0, 1.0),
    "rightMm": (-200.0, 200.0),
    "downMm": (-200.0, 200.0),
    "depthMm": (-200.0, 200.0),
    "tiltDeg": (-45.0, 45.0),
    "turnDeg": (-45.0, 45.0),
    "rotateDeg": (-45.0, 45.0),
    "primaryFromDeg": (-180.0, 180.0),
    "primaryToDeg": (-180.0, 180.0),
    "secondaryFromDeg": (-180.0, 180.0),
    "secondaryToDeg": (-180.0, 180.0),
    "inPlaneFromDeg": (-180.0, 180.0),
    "inPlaneToDeg": (-180.0, 180.0),
    "acrossMm": (0.0, 300.0),
    "alongMm": (0.0, 500.0),
    "sddMm": (300.0, 3000.0),
    "sodMm": (200.0, 2500.0),
    "boneHu": (50.0, 3000.0),
    "steps": (0, 1_000_000),
    "goalMm": (0.0, 50.0),
}
"""Smallest and largest value of every number."""

ADJUSTMENT_NAMES = ("rightMm", "downMm", "depthMm", "tiltDeg", "turnDeg", "rotateDeg")

# With None, which is what the wrapper writes at first, and in the one spelling that its connection to selectors knows.
MaskNode = Union[vtkMRMLSegmentationNode, vtkMRMLLabelMapVolumeNode, None]  # noqa: UP007


@parameterNodeWrapper
class XRayRegistrationParameterNode:
    """What the user chose, and the last result.

    ct: the patient.
    region: segmentation with the bone to register on; None for all of the CT.
    regionSegment: ID of its segment.
    xray1 to xray4: the X-rays to be registered.
    mask1 to mask4: what is ignored in each of them, or where its metal is.
    implants: what is done about metal, one of `IMPLANT_CHOICES`.
    start: where the registration starts, one of `START_CHOICES`.
    searchAround: whether it may search about its start where that alone is not enough.
    ctLandmarks: points in the CT.
    landmarks1 to landmarks4: the same points on the X-rays.
    anglesKnown: whether landmarks may rely on the X-rays' present direction.
    model: folder of the model in use.
    viewsMayMove: whether the X-rays' relative geometry is uncertain.
    relativeMm, relativeDeg: by how much (standard deviation).
    shownXray: the X-ray of the overlay.
    overlay: how CT and X-ray are shown in one, one of `OVERLAY_CHOICES`.
    blend: share of the CT in a blend.
    contours: whether the edges of the CT's bones are drawn.
    showStart: whether the overlay is that before the last registration.
    sliceView: which slice view shows it.
    rightMm to rotateDeg: the adjustment by hand, see `Adjustment`.
    result: the last result as JSON, see `report.Report`.
    bonePoints: the model node that shows points on the bones.

    aim: what the C-arm aims at in the X-rays that a model is trained for; None for the middle of the bones.
    primaryFromDeg to sodMm: from where they are taken, see `xray3d.datasets.pose_range.PoseRange`.
    boneHu: what is above is bone.
    pretrained: folder of a model to begin with; empty for the one that comes with XRay3D.
    newModel: folder of the model that is trained.
    steps: of the training, at most.
    goalMm: the training ends once the median error is this small; 0 for never.
    """

    ct: vtkMRMLScalarVolumeNode
    region: vtkMRMLSegmentationNode
    regionSegment: str = ""
    xray1: vtkMRMLScalarVolumeNode
    xray2: vtkMRMLScalarVolumeNode
    xray3: vtkMRMLScalarVolumeNode
    xray4: vtkMRMLScalarVolumeNode
    mask1: MaskNode
    mask2: MaskNode
    mask3: MaskNode
    mask4: MaskNode
    implants: Annotated[str, Choice(CHOICES["implants"])] = CHOICES["implants"][0]
    start: Annotated[str, Choice(CHOICES["start"])] = CHOICES["start"][0]
    searchAround: bool = True
    ctLandmarks: vtkMRMLMarkupsFiducialNode
    landmarks1: vtkMRMLMarkupsFiducialNode
    landmarks2: vtkMRMLMarkupsFiducialNode
    landmarks3: vtkMRMLMarkupsFiducialNode
    landmarks4: vtkMRMLMarkupsFiducialNode
    anglesKnown: bool = True
    model: str = ""
    viewsMayMove: bool = False
    relativeMm: Annotated[float, WithinRange(*RANGES["relativeMm"])] = 2.0
    relativeDeg: Annotated[float, WithinRange(*RANGES["relativeDeg"])] = 1.0

    shownXray: vtkMRMLScalarVolumeNode
    overlay: Annotated[str, Choice(OVERLAY_CHOICES)] = OVERLAY_CHOICES[0]
    blend: Annotated[float, WithinRange(*RANGES["blend"])] = 0.5
    contours: bool = True
    showStart: bool = False
    sliceView: Annotated[str, Choice(SLICE_VIEW_CHOICES)] = "Red"

    rightMm: Annotated[float, WithinRange(*RANGES["rightMm"])] = 0.0
    downMm: Annotated[float, WithinRange(*RANGES["downMm"])] = 0.0
    depthMm: Annotated[float, WithinRange(*RANGES["depthMm"])] = 0.0
    tiltDeg: Annotated[float, WithinRange(*RANGES["tiltDeg"])] = 0.0
    turnDeg: Annotated[float, WithinRange(*RANGES["turnDeg"])] = 0.0
    rotateDeg: Annotated[float, WithinRange(*RANGES["rotateDeg"])] = 0.0

    result: str = ""
    bonePoints: vtkMRMLModelNode

    aim: vtkMRMLMarkupsFiducialNode
    primaryFromDeg: Annotated[float, WithinRange(*RANGES["primaryFromDeg"])] = -45.0
    primaryToDeg: Annotated[float, WithinRange(*RANGES["primaryToDeg"])] = 45.0
    secondaryFromDeg: Annotated[float, WithinRange(*RANGES["secondaryFromDeg"])] = -30.0
    secondaryToDeg: Annotated[float, WithinRange(*RANGES["secondaryToDeg"])] = 30.0
    inPlaneFromDeg: Annotated[float, WithinRange(*RANGES["inPlaneFromDeg"])] = -15.0
    inPlaneToDeg: Annotated[float, WithinRange(*RANGES["inPlaneToDeg"])] = 15.0
    acrossMm: Annotated[float, WithinRange(*RANGES["acrossMm"])] = 50.0
    alongMm: Annotated[float, WithinRange(*RANGES["alongMm"])] = 100.0
    sddMm: Annotated[float, WithinRange(*RANGES["sddMm"])] = 1020.0
    sodMm: Annotated[float, WithinRange(*RANGES["sodMm"])] = 700.0
    boneHu: Annotated[float, WithinRange(*RANGES["boneHu"])] = 250.0
    pretrained: str = ""
    newModel: str = ""
    steps: Annotated[int, WithinRange(*RANGES["steps"])] = 1000
    goalMm: Annotated[float, WithinRange(*RANGES["goalMm"])] = 0.0


def chosen(parameters: XRayRegistrationParameterNode, kind: str) -> list:
    """The nodes of the rows that have an X-ray: `kind` is "xray", "mask" or "landmarks"; None where a row has none."""
    rows = [n for n in range(1, MAX_XRAYS + 1) if getattr(parameters, f"xray{n}") is not None]
    return [getattr(parameters, f"{kind}{n}") for n in rows]


def readAdjustment(parameters: XRayRegistrationParameterNode) -> Adjustment:
    """What was adjusted by hand."""
    return Adjustment(**{name: getattr(parameters, name) for name in ADJUSTMENT_NAMES})


def writeAdjustment(parameters: XRayRegistrationParameterNode, adjustment: Adjustment) -> None:
    """Make this the adjustment by hand, in one step."""
    with slicer.util.NodeModify(parameters):
        for name in ADJUSTMENT_NAMES:
            setattr(parameters, name, getattr(adjustment, name))
