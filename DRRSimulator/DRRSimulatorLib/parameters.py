"""The panel's state in the scene."""

from __future__ import annotations

from typing import Annotated

import slicer
from slicer import vtkMRMLModelNode, vtkMRMLNode, vtkMRMLScalarVolumeNode
from slicer.parameterNodeWrapper import Choice, WithinRange, parameterNodeWrapper

from .viewsettings import CHOICES, DEFAULTS, METAL_CHOICES, PHYSICS_CHOICES, RANGES, SETTING_NAMES, ViewSettings

SLICE_VIEW_CHOICES = ("Red", "Yellow", "Green", "none")

STORED_CHOICES = {**CHOICES, "sliceView": SLICE_VIEW_CHOICES}
"""What every parameter that is chosen from a list can be."""


@parameterNodeWrapper
class DRRSimulatorParameterNode:
    """What the user chose; the settings of the view that is being worked on have the names of `ViewSettings`.

    ct: the patient.
    implants: models that are metal.
    isocenterNode: whose centre the isocentre follows; None for coordinates that are given.
    currentView: the X-ray that Apply takes again; None for a new one.
    livePreview: whether an image is rendered while a control moves.
    sliceView: which slice view shows the X-ray.
    showCArm: whether source and detector are drawn in the 3D view.
    cArm: the drawing.
    showXRays: whether the X-rays taken stand on their detectors in the 3D view.
    """

    ct: vtkMRMLScalarVolumeNode
    implants: list[vtkMRMLModelNode]
    isocenterNode: vtkMRMLNode
    currentView: vtkMRMLScalarVolumeNode
    livePreview: bool = True
    sliceView: Annotated[str, Choice(SLICE_VIEW_CHOICES)] = "Red"
    showCArm: bool = True
    cArm: vtkMRMLModelNode
    showXRays: bool = True

    primaryDeg: Annotated[float, WithinRange(*RANGES["primaryDeg"])] = DEFAULTS.primaryDeg
    secondaryDeg: Annotated[float, WithinRange(*RANGES["secondaryDeg"])] = DEFAULTS.secondaryDeg
    rollDeg: Annotated[float, WithinRange(*RANGES["rollDeg"])] = DEFAULTS.rollDeg
    isocenterR: Annotated[float, WithinRange(*RANGES["isocenterR"])] = DEFAULTS.isocenterR
    isocenterA: Annotated[float, WithinRange(*RANGES["isocenterA"])] = DEFAULTS.isocenterA
    isocenterS: Annotated[float, WithinRange(*RANGES["isocenterS"])] = DEFAULTS.isocenterS
    sddMm: Annotated[float, WithinRange(*RANGES["sddMm"])] = DEFAULTS.sddMm
    sodMm: Annotated[float, WithinRange(*RANGES["sodMm"])] = DEFAULTS.sodMm
    rows: Annotated[int, WithinRange(*RANGES["rows"])] = DEFAULTS.rows
    columns: Annotated[int, WithinRange(*RANGES["columns"])] = DEFAULTS.columns
    pixelRowMm: Annotated[float, WithinRange(*RANGES["pixelRowMm"])] = DEFAULTS.pixelRowMm
    pixelColumnMm: Annotated[float, WithinRange(*RANGES["pixelColumnMm"])] = DEFAULTS.pixelColumnMm
    offsetRowMm: Annotated[float, WithinRange(*RANGES["offsetRowMm"])] = DEFAULTS.offsetRowMm
    offsetColumnMm: Annotated[float, WithinRange(*RANGES["offsetColumnMm"])] = DEFAULTS.offsetColumnMm
    physics: Annotated[str, Choice(PHYSICS_CHOICES)] = DEFAULTS.physics
    seed: Annotated[int, WithinRange(*RANGES["seed"])] = DEFAULTS.seed
    metal: Annotated[str, Choice(METAL_CHOICES)] = DEFAULTS.metal


def readSettings(parameters: DRRSimulatorParameterNode) -> ViewSettings:
    """The settings of the view that is being worked on."""
    return ViewSettings(**{name: getattr(parameters, name) for name in SETTING_NAMES})


def writeSettings(parameters: DRRSimulatorParameterNode, settings: ViewSettings) -> None:
    """Make these the settings that are being worked on, in one step."""
    with slicer.util.NodeModify(parameters):
        for name in SETTING_NAMES:
            setattr(parameters, name, getattr(settings, name))
