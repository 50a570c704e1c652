"""The partial point cloud of a CT's bones, as a model saw it in X-rays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xray3d.mrml.point_clouds import in_coordinates_of, show_point_cloud
from xray3d.volumes.point_cloud import PointCloud, save_point_cloud


@dataclass(frozen=True, eq=False)
class BonePoints:
    """Where the rays of X-rays enter and leave bone.

    Attributes:
        cloud: in the coordinates of the CT's node, below its parent transforms: those of the CT's file.
        ct: that node.
    """

    cloud: PointCloud
    ct: Any

    @classmethod
    def ofWorld(cls, cloud: PointCloud, ctNode) -> BonePoints:
        """Points that are in the world, on the CT as it lies now.

        Raises:
            GeometryError: the CT is under a transform that is not linear.
        """
        return cls(in_coordinates_of(cloud, ctNode), ctNode)

    def show(self, node=None):
        """Show them on the CT, as a model coloured by uncertainty; returns its node.

        Args:
            node: the model node to update; None for a new one.
        """
        node = show_point_cloud(self.cloud, node, beside=self.ct)
        node.SetDisplayVisibility(True)
        return node

    def save(self, path, overwrite: bool = False) -> None:
        """Write them, in the coordinates of the CT's file.

        Args:
            path: a .ply or .vtp file.
            overwrite: replace a file that is there.

        Raises:
            OutputExistsError, VolumeError: as `save_point_cloud`.
        """
        save_point_cloud(self.cloud, path, overwrite)
