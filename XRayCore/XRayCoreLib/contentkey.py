"""Whether something that was prepared from a volume still is that volume."""

from __future__ import annotations


def contentKey(node, device: str) -> tuple:
    """What a volume prepared on a device depends on: voxels and placement.

    VTK's modification times never repeat, so neither do keys.

    Raises:
        GeometryError: a parent transform that is not linear.
    """
    from xray3d.mrml.volumes import ijk_to_world

    image = node.GetImageData()
    modified = 0 if image is None else image.GetMTime()
    return node.GetID(), modified, ijk_to_world(node).tobytes(), device
