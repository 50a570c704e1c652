"""What the user's hand does to the X-rays' pose."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _

from XRayCoreLib.messages import PanelError
from XRayCoreLib.sliceview import isSeenFromDetector

from .adjustment import Adjustment, adjustmentOf, motionOfXRays, pivotOf
from .parameters import ADJUSTMENT_NAMES, RANGES, readAdjustment, writeAdjustment


def handMotion(parameters):
    """The motion (4, 4), RAS to RAS in mm, of the X-rays that the adjustment by hand means.

    Raises:
        VolumeError, GeometryError: an X-ray or CT that cannot be used.
    """
    import numpy as np

    adjustment = readAdjustment(parameters)
    if adjustment.isNone or parameters.shownXray is None:
        return np.eye(4)
    return motionOfXRays(adjustment, *_view(parameters, parameters.shownXray))


def showXRay(parameters, node) -> None:
    """Show another X-ray, with the same adjustment by hand in the directions of that.

    Raises:
        PanelError: it is beyond what the sliders can say there; the same X-ray is shown then.
        VolumeError, GeometryError: an X-ray or CT that cannot be used.
    """
    adjustment = readAdjustment(parameters)
    if not adjustment.isNone and parameters.shownXray is not None:
        adjustment = adjustmentOf(handMotion(parameters), *_view(parameters, node))
        _requireRanges(adjustment, node)
    with slicer.util.NodeModify(parameters):
        parameters.shownXray = node
        writeAdjustment(parameters, adjustment)


def _view(parameters, node):
    """An X-ray's projection, the point that turns leave where it is, and whether its view is mirrored."""
    from xray3d.mrml.points import point_from_node
    from xray3d.mrml.xrays import projection_from_node

    projection = projection_from_node(node)
    pivot = pivotOf(projection, point_from_node(parameters.ct))
    return projection, pivot, isSeenFromDetector(projection.image_to_ras)


def _requireRanges(adjustment: Adjustment, node) -> None:
    for name in ADJUSTMENT_NAMES:
        low, high = RANGES[name]
        if not low <= getattr(adjustment, name) <= high:
            sentence = _("The adjustment by hand is too large to be shown on {name}; press Use as start first.")
            raise PanelError(sentence.format(name=node.GetName()))
