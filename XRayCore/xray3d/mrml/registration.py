"""X-rays moved into the CT's frame by linear transform nodes, and back to where they were.

The transform of a registration stands directly above its X-rays, below whatever stood above them before, so that a
table or patient transform that is shared with other nodes moves nothing else. X-rays that the same transform fits
share it; further registrations update it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import slicer
import slicer.util
from numpy.typing import ArrayLike, NDArray
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.geometry.poses import is_rigid
from xray3d.mrml.frustum import FRUSTUM_ROLE, IMAGE_ROLE
from xray3d.mrml.transforms import add_transform, world_matrix
from xray3d.mrml.xrays import projection_from_node
from xray3d.volumes.xray_files import SDD_ATTRIBUTE

REGISTRATION_ATTRIBUTE = "XRay3D.Registration"
"""Of a transform node made here: what is to be known about the registration, as JSON."""

START_ATTRIBUTE = "XRay3D.Registration.Start"
"""Of an X-ray: the matrix (row by row) that its registration's transform had before the last registration."""

# In mm, and as an angle a thousandth of a mm at a metre.
_SAME_MATRIX = 1e-6


@dataclass(frozen=True, eq=False)
class Motion:
    """A node to be moved rigidly in the world.

    Attributes:
        node: an X-ray, or what goes with one, such as its mask or its landmarks.
        matrix_ras: (4, 4) RAS to RAS, mm.
    """

    node: Any
    matrix_ras: NDArray[np.float64]


@dataclass
class Change:
    """What `move_rigidly` did.

    Attributes:
        transforms: the transform nodes that are above the moved nodes now, each once, in the nodes' order.
    """

    transforms: list[Any] = field(default_factory=list)
    _created: list[Any] = field(default_factory=list)
    _parents: list[tuple[Any, str | None]] = field(default_factory=list)
    _matrices: list[tuple[Any, vtkMatrix4x4]] = field(default_factory=list)
    _attributes: list[tuple[Any, str, str | None]] = field(default_factory=list)

    def undo(self) -> None:
        """Put everything back: parents, matrices, attributes; what was created is removed.

        Nodes that were deleted since are left out. What was put under a created transform since goes under what that is
        under.
        """
        for node, parent_id in self._parents:
            if _is_in_scene(node):
                known = parent_id is not None and slicer.mrmlScene.GetNodeByID(parent_id) is not None
                node.SetAndObserveTransformNodeID(parent_id if known else None)
        for node, matrix in self._matrices:
            node.SetMatrixTransformToParent(matrix)
        for node, name, value in self._attributes:
            node.SetAttribute(name, value)
        for transform in filter(_is_in_scene, self._created):
            for node in _children(transform):
                node.SetAndObserveTransformNodeID(transform.GetTransformNodeID())
            slicer.mrmlScene.RemoveNode(transform)

    def _set_attribute(self, node: Any, name: str, value: str | None) -> None:
        self._attributes.append((node, name, node.GetAttribute(name)))
        node.SetAttribute(name, value)

    def _set_parent(self, node: Any, parent: Any) -> None:
        self._parents.append((node, node.GetTransformNodeID()))
        node.SetAndObserveTransformNodeID(parent.GetID())

    def _set_matrix(self, transform: Any, matrix: NDArray[np.float64]) -> None:
        before = vtkMatrix4x4()
        transform.GetMatrixTransformToParent(before)
        self._matrices.append((transform, before))
        transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))

    def _create(self, matrix: NDArray[np.float64], name: str, base: Any) -> Any:
        transform = add_transform(matrix, name)
        transform.SetAndObserveTransformNodeID(None if base is None else base.GetID())
        self._created.append(transform)
        return transform


@dataclass
class _Group:
    """Nodes that one transform moves: `matrix` (4, 4) below `base`, a transform node or None for the world."""

    base: Any
    matrix: NDArray[np.float64]
    nodes: list[Any] = field(default_factory=list)


def move_rigidly(motions: Sequence[Motion], name: str, about: str = "{}", by_hand: bool = False) -> Change:
    """Move nodes in the world through linear transform nodes above them.

    The image and the frustum that show an X-ray in 3D go with it.

    Args:
        name: of new transform nodes.
        about: JSON for `REGISTRATION_ATTRIBUTE` of the transforms.
        by_hand: this is no registration, so that `projection_at_start` stays what it is.

    Raises:
        GeometryError: a motion that is not rigid, a node that is to be moved in two ways, or a parent transform that
            is not linear; nothing has changed then.
    """
    moved = list(_with_pictures(motions))
    groups = _groups(moved)
    change, nodes = Change(), [motion.node for motion in moved]
    for node in nodes:
        if node.GetAttribute(SDD_ATTRIBUTE) is not None:
            change._set_attribute(node, START_ATTRIBUTE, _start(node, by_hand))
    for group in groups:
        transform = _reusable(group, nodes, change.transforms)
        if transform is None:
            transform = change._create(group.matrix, name, group.base)
        else:
            change._set_matrix(transform, group.matrix)
        change._set_attribute(transform, REGISTRATION_ATTRIBUTE, about)
        change.transforms.append(transform)
        for node in group.nodes:
            if node.GetParentTransformNode() is not transform:
                change._set_parent(node, transform)
    return change


def registration_of(node: Any) -> Any:
    """The transform node directly above a node that a registration put there; None where there is none."""
    parent = node.GetParentTransformNode()
    return parent if parent is not None and parent.GetAttribute(REGISTRATION_ATTRIBUTE) is not None else None


def projection_at_start(xray_node: Any) -> Projection | None:
    """The geometry that an X-ray had before its last registration; None where it was never registered.

    Raises:
        VolumeError, GeometryError: as `projection_from_node`.
    """
    transform, text = registration_of(xray_node), xray_node.GetAttribute(START_ATTRIBUTE)
    if transform is None or text is None:
        return None
    base = world_matrix(transform)
    back = base @ _from_text(text) @ np.linalg.inv(base @ _own_matrix(xray_node))
    return projection_from_node(xray_node).moved(back)


def _start(xray_node: Any, by_hand: bool) -> str | None:
    """What `START_ATTRIBUTE` is to be; None, also after an earlier registration whose transform is gone."""
    if not by_hand:
        return _as_text(_own_matrix(xray_node))
    return None if registration_of(xray_node) is None else xray_node.GetAttribute(START_ATTRIBUTE)


def _with_pictures(motions: Sequence[Motion]) -> Iterable[Motion]:
    """The motions and those of the models that show X-rays in 3D, each node once."""
    seen: dict[str, NDArray[np.float64]] = {}
    for motion in motions:
        if not is_rigid(motion.matrix_ras):
            raise GeometryError(
                f"The transform that was found for {motion.node.GetName()} is not rigid; register it again."
            )
        pictures = [motion.node.GetNodeReference(role) for role in (IMAGE_ROLE, FRUSTUM_ROLE)]
        for node in [motion.node, *pictures]:
            if node is None:
                continue
            if node.GetID() not in seen:
                seen[node.GetID()] = motion.matrix_ras
                yield Motion(node, motion.matrix_ras)
            elif not _are_same(seen[node.GetID()], motion.matrix_ras):
                raise GeometryError(
                    f"{node.GetName()} goes with two X-rays that move apart, and can follow only one of them; give "
                    "each X-ray its own mask and its own landmarks."
                )


def _groups(motions: Sequence[Motion]) -> list[_Group]:
    groups: list[_Group] = []
    for motion in motions:
        own = registration_of(motion.node)
        base = motion.node.GetParentTransformNode() if own is None else own.GetParentTransformNode()
        to_world = world_matrix(motion.node if own is None else own)
        matrix = np.linalg.inv(to_world) @ motion.matrix_ras @ to_world @ _own_matrix(motion.node)
        fitting = (g for g in groups if g.base is base and _are_same(g.matrix, matrix))
        group = next(fitting, None)
        if group is None:
            group = _Group(base, matrix)
            groups.append(group)
        group.nodes.append(motion.node)
    return groups


def _own_matrix(node: Any) -> NDArray[np.float64]:
    """The matrix (4, 4) of the registration's transform above a node; the identity where there is none."""
    matrix = vtkMatrix4x4()
    transform = registration_of(node)
    if transform is not None:
        transform.GetMatrixTransformToParent(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def _reusable(group: _Group, moved: list[Any], taken: list[Any]) -> Any:
    """A registration's transform above a node of the group under which nothing lies that is not moved too."""
    for node in group.nodes:
        transform = registration_of(node)
        if transform is None or transform in taken:
            continue
        if all(child in moved for child in _children(transform)):
            return transform
    return None


def _children(transform: Any) -> list[Any]:
    nodes = slicer.util.getNodesByClass("vtkMRMLTransformableNode")
    return [node for node in nodes if node.GetTransformNodeID() == transform.GetID()]


def _are_same(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    return np.allclose(one, other, rtol=0, atol=_SAME_MATRIX)


def _is_in_scene(node: Any) -> bool:
    return bool(slicer.mrmlScene.IsNodePresent(node))


def _as_text(matrix: ArrayLike) -> str:
    return " ".join(repr(float(number)) for number in np.ravel(matrix))


def _from_text(text: str) -> NDArray[np.float64]:
    return np.array([float(number) for number in text.split()]).reshape(4, 4)
