"""A parameter node with a parameter of every kind, for the tests of parameterNodeWrapper."""

import enum
import pathlib
from typing import Annotated, Optional

import slicer
from slicer.parameterNodeWrapper import (
    Choice,
    Default,
    Exclude,
    Maximum,
    Minimum,
    WithinRange,
    parameterNodeWrapper,
)


class Preset(enum.Enum):
    FLUOROSCOPY = 1
    RADIOGRAPHY = 2

    def label(self):
        return self.name.capitalize()


@parameterNodeWrapper
class Parameters:
    unused: int
    ct: slicer.vtkMRMLScalarVolumeNode
    center: slicer.vtkMRMLMarkupsFiducialNode | slicer.vtkMRMLMarkupsROINode | None
    implants: list[slicer.vtkMRMLModelNode]
    primary_deg: Annotated[float, WithinRange(-180, 180)] = 20.0
    sdd_mm: Annotated[float, Minimum(100), Maximum(3000)] = 1020.0
    rows: Annotated[int, WithinRange(16, 4096)] = 256
    preset: Preset
    grid: Annotated[str, Choice(["none", "coarse", "fine"]), Default("coarse")]
    livePreview: bool = True
    name: Annotated[str, Exclude([""])] = "X-ray"
    note: Optional[str]  # noqa: UP045  the older spelling is in many modules
    folder: pathlib.Path
    angles: list[float]
    size: tuple[int, int] = (2, 3)
    seeds: Annotated[list[int], Default(generator=lambda: [1, 2])]

    def describe(self):
        return f"{self.name} at {self.primary_deg}"


def add(node_class, name=""):
    return slicer.mrmlScene.AddNewNodeByClass(node_class, name)


def set_everything(parameters):
    parameters.ct = add("vtkMRMLScalarVolumeNode", "CT")
    parameters.center = add("vtkMRMLMarkupsFiducialNode", "centre")
    parameters.implants = [add("vtkMRMLModelNode", "screw"), add("vtkMRMLModelNode", "rod")]
    parameters.primary_deg = -33.25
    parameters.sdd_mm = 900
    parameters.rows = 64
    parameters.preset = Preset.RADIOGRAPHY
    parameters.grid = "fine"
    parameters.livePreview = False
    parameters.note = "lateral"
    parameters.folder = pathlib.Path("some/where")
    parameters.angles = [0.5, -1.0]
    parameters.size = (3, 4)
