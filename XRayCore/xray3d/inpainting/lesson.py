"""What is alike in learning to find metal and learning to paint: X-rays without end, and some that are held out."""

from __future__ import annotations

from xray3d.datasets.occlusion import CLIPPED
from xray3d.inpainting.instrumented import Instrumented
from xray3d.models.training.drawn import Batch, DrawnLesson, Measured, Network


class InpaintingLesson(DrawnLesson[Instrumented, Network, Batch, Measured]):
    """A lesson but for what is shown, told and measured; see `DrawnLesson`."""

    held_out_count: int = 64
    """So many are measured on."""
    clipped: float = CLIPPED
    """The share of X-rays on which metal is white."""
