"""Vertebrae that were reconstructed from X-rays, as the scene shows them.

A vertebra is a model named by its level and a segment of the same name in the one segmentation of all vertebrae. Both
are found again, also in a loaded scene, and updated when the level is reconstructed again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer
import slicer.util
from numpy.typing import NDArray

from xray3d.errors import about
from xray3d.mrml.models import color_by_uncertainty, show_polydata
from xray3d.mrml.overlays import show_contours
from xray3d.mrml.polydata import arrays, surface, with_normals, with_values
from xray3d.mrml.segmentations import put_segment_on_grid
from xray3d.mrml.transforms import world_matrix
from xray3d.mrml.xrays import projection_from_node
from xray3d.reconstruction.levels import anatomical_order
from xray3d.reconstruction.silhouettes import outlines, silhouette
from xray3d.volumes.point_cloud import SIGMA_ARRAY

if TYPE_CHECKING:  # PyTorch takes seconds to import
    from xray3d.reconstruction.reconstruct import Reconstruction

UNSURE_MM = 4.0
"""The uncertainty of a surface that gets the last colour: beyond it, it may as well be a neighbour's."""

SEGMENTATION_NAME = "Vertebrae"
FINDING_ATTRIBUTE = "XRay3D.Vertebra"
SEGMENTATION_ATTRIBUTE = "XRay3D.Vertebrae"

# Contours are drawn on images of this longer side, whatever pixels the detector has.
_CONTOUR_PX = 1024


@dataclass(frozen=True, eq=False)
class Vertebra:
    """A reconstruction, ready to be shown; made on any thread.

    Attributes:
        level: such as "L3".
        views: names of the X-rays that it was made from.
        inside: (K, J, I).
        ijk_to_ras: (4, 4) of these voxels, in mm.
        vertices_ras: (n, 3) mm, of a closed surface.
        triangles: (m, 3), counter-clockwise from outside.
        sigma_mm: (n,) standard error of the surface.
        volume_ml: of what is inside.
    """

    level: str
    views: tuple[str, ...]
    inside: NDArray[np.bool_]
    ijk_to_ras: NDArray[np.float64]
    vertices_ras: NDArray[np.float64]
    triangles: NDArray[np.int64]
    sigma_mm: NDArray[np.float64]
    volume_ml: float

    @classmethod
    def of(cls, found: Reconstruction, level: str, views: Sequence[str]) -> Vertebra:
        """What a reconstruction is.

        Raises:
            VolumeError: there is nothing inside.
        """
        with about(level):
            vertices, triangles = found.mesh()
        sigma_mm = found.sigma_mm(vertices)
        return cls(level, tuple(views), found.inside, found.ijk_to_ras, vertices, triangles, sigma_mm, found.volume_ml)


@dataclass(frozen=True)
class Finding:
    """What is to be known of a vertebra, as it is kept at its model.

    Attributes:
        level: such as "L3".
        volume_ml: of the bone.
        sigma_mm: standard error of its surface, the mean.
        largest_sigma_mm: the largest of its vertices.
        views: names that the X-rays had from which it was made.
    """

    level: str
    volume_ml: float
    sigma_mm: float
    largest_sigma_mm: float
    views: tuple[str, ...]

    @classmethod
    def of(cls, vertebra: Vertebra) -> Finding:
        """What is to be known of this one."""
        sigma = vertebra.sigma_mm
        return cls(vertebra.level, vertebra.volume_ml, float(sigma.mean()), float(sigma.max()), vertebra.views)


@dataclass(frozen=True)
class Shown:
    """The nodes that show a vertebra: its model, and the segmentation that has it as a segment."""

    finding: Finding
    model_node: Any
    segmentation_node: Any


def show_vertebrae(vertebrae: Sequence[Vertebra]) -> list[Shown]:
    """Show reconstructions as models and segments, in the nodes that showed these levels before, if any.

    Nodes keep their names, colours and parent transforms; the bones are where they were reconstructed all the same.

    Raises:
        GeometryError: a node to update is under a transform that is not linear; the scene is as before.
    """
    segmentation = _segmentation()
    models = [model_of(vertebra.level) for vertebra in vertebrae]
    for node in (segmentation, *models):
        if node is not None:
            world_matrix(node)
    if segmentation is None:
        segmentation = _add_segmentation()
    return [_show(vertebra, model, segmentation) for vertebra, model in zip(vertebrae, models, strict=True)]


def findings() -> list[tuple[Any, Finding]]:
    """The models of the scene that show vertebrae, from head to foot, each with what is to be known of it."""
    pairs = [(node, finding_of(node)) for node in slicer.util.getNodesByClass("vtkMRMLModelNode")]
    known = [(node, finding) for node, finding in pairs if finding is not None]
    return sorted(known, key=lambda pair: anatomical_order(pair[1].level))


def finding_of(node: Any) -> Finding | None:
    """What is to be known of the vertebra that a model shows; None for other models."""
    try:
        stored = json.loads(node.GetAttribute(FINDING_ATTRIBUTE) or "")
        numbers = {name: float(stored[name]) for name in ("volume_ml", "sigma_mm", "largest_sigma_mm")}
        return Finding(str(stored["level"]), views=tuple(str(name) for name in stored["views"]), **numbers)
    except (ValueError, TypeError, KeyError):
        return None


def model_of(level: str) -> Any:
    """The model that shows a level; None where there is none."""
    return next((node for node, finding in findings() if finding.level == level), None)


def show_outlines(model_nodes: Sequence[Any], xray_node: Any, node: Any = None) -> Any:
    """Draw the outlines of models as an X-ray would show them on its detector, each where its transforms put it.

    Args:
        model_nodes: to be judged by their outlines, such as those of `Shown`.
        xray_node: the X-ray's volume node.
        node: the model node of the lines, to update in place; None for a new one.

    Returns:
        The model node of the lines.

    Raises:
        VolumeError, GeometryError: as `projection_from_node`, or a model under a transform that is not linear.
    """
    projection = projection_from_node(xray_node)
    share = _CONTOUR_PX / max(projection.size_px)
    rows, columns = (max(1, round(share * side)) for side in projection.size_px)
    finer, lines = projection.resampled((rows, columns)), []
    for model_node in model_nodes:
        vertices, triangles = arrays(model_node.GetPolyData())
        to_world = world_matrix(model_node)
        in_world = vertices @ to_world[:3, :3].T + to_world[:3, 3]
        lines += outlines(silhouette(in_world, triangles, finer))
    return show_contours(lines, (rows, columns), xray_node, node)


def _segmentation() -> Any:
    nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    return next((node for node in nodes if node.GetAttribute(SEGMENTATION_ATTRIBUTE)), None)


def _add_segmentation() -> Any:
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", SEGMENTATION_NAME)
    node.SetAttribute(SEGMENTATION_ATTRIBUTE, "reconstructed")
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetVisibility3D(False)  # the models are there
    return node


def _show(vertebra: Vertebra, model: Any, segmentation: Any) -> Shown:
    level, finding = vertebra.level, Finding.of(vertebra)
    to_segmentation = np.linalg.inv(world_matrix(segmentation)) @ vertebra.ijk_to_ras
    put_segment_on_grid(segmentation, level, vertebra.inside, to_segmentation, level)
    from_world = np.eye(4) if model is None else np.linalg.inv(world_matrix(model))
    vertices = vertebra.vertices_ras @ from_world[:3, :3].T + from_world[:3, 3]
    polydata = with_values(surface(vertices, vertebra.triangles), SIGMA_ARRAY, vertebra.sigma_mm)
    polydata = with_normals(polydata, sharp_edges=False)
    if model is None:
        color = segmentation.GetSegmentation().GetSegment(level).GetColor()
        model = show_polydata(polydata, level, color=color)
        color_by_uncertainty(model, UNSURE_MM)
    else:
        show_polydata(polydata, level, model)
    model.SetAttribute(FINDING_ATTRIBUTE, json.dumps(asdict(finding)))
    return Shown(finding, model, segmentation)
