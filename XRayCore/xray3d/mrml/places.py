"""Where in the patient vertebrae are, from the nodes that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer.util
from numpy.typing import NDArray

from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.geometry.marks import in_patient
from xray3d.geometry.poses import is_rigid
from xray3d.mrml.points import placed_points
from xray3d.mrml.transforms import world_matrix
from xray3d.reconstruction.region import frame_of, frame_of_box


@dataclass(frozen=True, eq=False)
class Place:
    """Where a vertebra is.

    Attributes:
        name: its level.
        frame_to_ras: (4, 4), its frame, see `xray3d.reconstruction.region.frame_of`.
    """

    name: str
    frame_to_ras: NDArray[np.float64]

    def is_seen_by(self, projection: Projection) -> bool:
        """Whether an X-ray shows the middle of the vertebral body."""
        return bool(projection.sees(self.frame_to_ras[:3, 3]))


def places_from_node(node: Any, projections: Sequence[Projection] = ()) -> list[Place]:
    """The places that a node marks, where its linear parent transforms put them.

    Args:
        node: a point list or a region of interest, of a patient along the axes of RAS. A point is the middle of a
            vertebral body, named by its level; or, on the detector of an X-ray, a mark where that shows the middle,
            and all marks of a name on two X-rays or more are one vertebra. A region of interest is about one whole
            vertebra, named by its level, its own axes to the vertebra's right, front and head.
        projections: of the X-rays on which points may be marked; other points are in the patient.

    Raises:
        GeometryError: no such node, no points, two in the patient of one name, one without a name, marks that do not
            tell a place, see `in_patient`, a box that is not placed, or a transform that is not linear or, above a
            box, not rigid.
    """
    if node is not None and node.IsA("vtkMRMLMarkupsROINode"):
        return [_place_of_box(node)]
    if node is None or not node.IsA("vtkMRMLMarkupsFiducialNode"):
        chosen = "No places are chosen" if node is None else f"{node.GetName()} is a {node.GetNodeTagName()}"
        raise GeometryError(
            f"{chosen}; choose a point list with each vertebral body marked on two X-rays or with a point in its "
            "middle, or a region of interest about one vertebra."
        )
    return _places_of_points(node, projections)


def _places_of_points(node: Any, projections: Sequence[Projection]) -> list[Place]:
    world_matrix(node)  # refuses transforms that are not linear
    given = placed_points(node)
    if not given.names:
        raise GeometryError(
            f"{given.source} has no points yet; mark each vertebral body on two X-rays, or place a point in its middle."
        )
    if not all(name.strip() for name in given.names):
        raise GeometryError(f"{given.source} has a point without a name; name it by its level, such as L3.")
    points = in_patient(given, projections)
    for name in points.names:
        if points.names.count(name) > 1:
            raise GeometryError(
                f"{points.source} has more than one place for {name}; name each by its own level, and choose the "
                "X-rays on which points are marked."
            )
    return [Place(name, frame_of(point)) for name, point in zip(points.names, points.points_ras, strict=True)]


def _place_of_box(node: Any) -> Place:
    box_to_ras = world_matrix(node) @ slicer.util.arrayFromVTKMatrix(node.GetObjectToNodeMatrix())
    if not np.prod(node.GetSize()) > 0:
        raise GeometryError(f"{node.GetName()} is no box yet; place it about one vertebra.")
    if not is_rigid(box_to_ras):
        raise GeometryError(
            f"{node.GetName()} is under transforms that scale, shear or mirror; take the box out of them."
        )
    return Place(node.GetName(), frame_of_box(box_to_ras))
