"""What was found and made, in nodes beside the X-rays."""

from __future__ import annotations

from collections.abc import Sequence

from xray3d.inpainting.growing import grown
from xray3d.mrml.inpainting import (
    DIFFERENCE,
    IMPLANTS,
    UNCERTAINTY,
    output_of,
    show_clean,
    show_difference,
    show_implants,
    show_uncertainty,
)
from xray3d.mrml.segmentations import mask_from_segment, put_segment

from .task import Cleaned, Mask, Task


def storeFound(task: Task, masks: Sequence[Mask]) -> list:
    """Show where implants were found; returns the segmentation nodes.

    Raises:
        PanelError: an X-ray was changed meanwhile; nothing is shown then.
    """
    task.requireSame()
    return [show_implants(mask, subject.node) for subject, mask in zip(task.subjects, masks, strict=True)]


def storeCleaned(task: Task, outcomes: Sequence[Cleaned], difference: bool, uncertainty: bool) -> list:
    """Show X-rays without implants; returns their volume nodes.

    Args:
        difference, uncertainty: whether to show these as well; where they are already, they are kept up to date.

    Raises:
        PanelError: an X-ray was changed meanwhile; nothing is shown then.
    """
    task.requireSame()
    nodes = []
    for subject, outcome in zip(task.subjects, outcomes, strict=True):
        if subject.mask is None:
            show_implants(outcome.mask, subject.node)
        nodes.append(show_clean(outcome.painted.pixels, subject.node))
        if difference or output_of(subject.node, DIFFERENCE) is not None:
            show_difference(subject.node)
        if uncertainty or output_of(subject.node, UNCERTAINTY) is not None:
            show_uncertainty(outcome.painted.sigma, subject.node)
    return nodes


def growImplants(xrayNode, marginPx: int) -> bool:
    """Give what was found on an X-ray a margin, or take one away; whether there was something to change."""
    node = output_of(xrayNode, IMPLANTS)
    if node is None:
        return False
    changed = False
    for segmentId in list(node.GetSegmentation().GetSegmentIDs()):
        mask = mask_from_segment(node, segmentId, xrayNode)
        if mask.any():
            put_segment(node, segmentId, grown(mask[0], marginPx)[None], xrayNode, segmentId)
            changed = True
    return changed
