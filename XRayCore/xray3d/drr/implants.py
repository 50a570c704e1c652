"""Implants: closed metal surfaces posed in the patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xray3d.drr.surfaces import Points, Triangles, oriented_outwards, read_surface, rim_length_mm
from xray3d.errors import MeshError
from xray3d.geometry.poses import is_rigid

PINHOLE_RIM_MM = 1.0
"""Decimated meshes have slits of this size; they are smaller than a pixel and let no ray through that shows."""


@dataclass(frozen=True, eq=False)
class Implant:
    """A closed triangle mesh and where it is.

    Attributes:
        vertices_mm: (n, 3) in the implant's own frame.
        triangles: (m, 3) vertex indices; turned on construction so that all are counter-clockwise seen from outside.
        to_ras: rigid (4, 4) from the implant's frame to RAS; identity for a mesh that is in RAS already.
        name: what messages call it, usually its file name.

    Raises:
        MeshError: a mesh that is empty or not closed, or a pose that is not rigid.
    """

    vertices_mm: Points
    triangles: Triangles
    to_ras: NDArray[np.float64] = field(default_factory=lambda: np.eye(4))
    name: str = "implant"

    def __post_init__(self) -> None:
        vertices, triangles = np.asarray(self.vertices_mm, float), np.asarray(self.triangles, np.int64)
        if vertices.shape[1:] != (3,) or triangles.shape[1:] != (3,) or not len(triangles):
            raise MeshError(f"{self.name} has no triangles; an implant is a closed triangle mesh.")
        if triangles.min() < 0 or triangles.max() >= len(vertices) or not np.isfinite(vertices).all():
            raise MeshError(f"{self.name} has missing or non-finite vertices; export the mesh again.")
        to_ras = np.asarray(self.to_ras, float)
        if to_ras.shape != (4, 4) or not is_rigid(to_ras):
            raise MeshError(f"The pose of {self.name} must be a rigid 4×4 transform to RAS (in mm, without mirroring).")
        rim_mm = rim_length_mm(vertices, triangles)
        if rim_mm > PINHOLE_RIM_MM:
            raise MeshError(f"{self.name} is not closed: its holes have {rim_mm:.1f} mm of rim; fill them first.")
        object.__setattr__(self, "vertices_mm", vertices)
        object.__setattr__(self, "triangles", oriented_outwards(vertices, triangles))
        object.__setattr__(self, "to_ras", to_ras)

    @property
    def vertices_ras(self) -> Points:
        """Vertices (n, 3) in the patient, mm."""
        return self.vertices_mm @ self.to_ras[:3, :3].T + self.to_ras[:3, 3]


def load_implant(path: str | Path, to_ras: ArrayLike | None = None) -> Implant:
    """An implant from an STL, PLY, VTK, VTP or OBJ file in mm.

    Args:
        path: the file; its coordinates are taken as they are.
        to_ras: rigid (4, 4) from the file's coordinates to RAS; None when they are RAS.

    Raises:
        MeshError: a file that is missing, of another type, unreadable, or not a closed mesh.
    """
    vertices, triangles = read_surface(path)
    return Implant(vertices, triangles, np.eye(4) if to_ras is None else np.asarray(to_ras, float), Path(path).name)


def merge(implants: Sequence[Implant]) -> tuple[Points, Triangles]:
    """Vertices (n, 3) in RAS and triangles (m, 3) of all implants as one mesh."""
    offsets = np.cumsum([0, *(len(implant.vertices_mm) for implant in implants)])
    triangles = [implant.triangles + offset for implant, offset in zip(implants, offsets[:-1], strict=True)]
    return np.concatenate([implant.vertices_ras for implant in implants]), np.concatenate(triangles)
