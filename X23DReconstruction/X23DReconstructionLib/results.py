"""What was reconstructed, in nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xray3d.mrml.reconstruction import Shown, show_vertebrae

from .task import Made, Task


@dataclass(frozen=True, eq=False)
class Reconstructed:
    """What `X23DReconstructionLogic.reconstruct` made of a place.

    Attributes:
        level: the name of the place.
        modelNode: its closed surface.
        segmentationNode: has the bone as the segment of that name.
        volume_ml: of the bone.
        sigma_mm: standard error of its surface, the mean.
        largestSigma_mm: the largest.
        xrayNames: of the X-rays that it was made from.
    """

    level: str
    modelNode: Any
    segmentationNode: Any
    volume_ml: float
    sigma_mm: float
    largestSigma_mm: float
    xrayNames: tuple[str, ...]

    @classmethod
    def ofShown(cls, shown: Shown) -> Reconstructed:
        """The same in the Logic's words."""
        known = shown.finding
        nodes = (shown.model_node, shown.segmentation_node)
        return cls(known.level, *nodes, known.volume_ml, known.sigma_mm, known.largest_sigma_mm, known.views)


def store(task: Task, made: Made) -> list[Reconstructed]:
    """Show what was reconstructed.

    Raises:
        PanelError: an X-ray was changed meanwhile; nothing is shown then.
        GeometryError: a node to update is under a transform that is not linear; nothing is shown then.
    """
    task.read.requireSame()
    return [Reconstructed.ofShown(shown) for shown in show_vertebrae(made.vertebrae)]
