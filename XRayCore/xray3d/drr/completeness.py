"""Which rays a CT is too short for: fast enough to be asked at every step of a registration."""

from __future__ import annotations

from typing import Any

import numpy as np
import warp as wp

from xray3d.drr.body import BodyOutline
from xray3d.drr.device import MODULE_OPTIONS, launch
from xray3d.drr.rays import View

wp.set_module_options(MODULE_OPTIONS)

# How far, and in what steps, the patient is taken to go on beyond a face of the CT that cuts the body.
_BEYOND_MM = 150.0
_STEP_MM = 6.0


@wp.struct
class CutFace:
    """A face of the volume that cuts the body, and copies of it further out."""

    axis: wp.int32
    position: wp.float32
    """Of the face along its axis, in voxels of the bordered grid."""
    step: wp.float32
    """From one copy to the next, outwards."""
    copies: wp.int32
    slow_size: wp.int32
    fast_size: wp.int32
    offset: wp.int32
    """Where its outline starts among all outlines."""


class CutFaces:
    """The faces of a CT that cut the body, on a device.

    Args:
        body: the outlines.
        spacing_ijk_mm: voxel size.
        device: where `mark` runs.
    """

    def __init__(self, body: BodyOutline, spacing_ijk_mm: tuple[float, ...], device: wp.Device) -> None:
        self._device = device
        cut = {face: outline for face, outline in body.outlines.items() if outline.any()}
        struct: Any = CutFace
        faces = np.zeros(max(len(cut), 1), struct.numpy_dtype())
        offset = 0
        for face, ((axis, end), outline) in zip(faces, cut.items(), strict=False):
            step = _STEP_MM / spacing_ijk_mm[axis]
            # The bordered grid counts from one; a face lies half a voxel outside the outermost voxel centres.
            position = 0.5 if end == 0 else body.size_ijk[axis] + 0.5
            face["axis"], face["position"], face["step"] = axis, position, step if end else -step
            face["copies"] = int(_BEYOND_MM / _STEP_MM) + 1
            face["slow_size"], face["fast_size"], face["offset"] = *outline.shape, offset
            offset += outline.size
        outlines = np.concatenate([outline.ravel() for outline in cut.values()] or [np.zeros(1, bool)])
        self._faces = wp.array(faces, dtype=CutFace, device=device)
        self._outlines = wp.array(outlines.astype(np.uint8), dtype=wp.uint8, device=device)
        self._count = len(cut)

    def mark(self, views: wp.array, rows: int, columns: int) -> wp.array:
        """(n rows, columns) uint8: 1 where the ray passes through the body beyond the CT or where the CT cuts it."""
        marked = wp.zeros((len(views) * rows, columns), dtype=wp.uint8, device=self._device)
        if self._count:
            inputs = [views, rows, self._faces, self._count, self._outlines, marked]
            launch(_mark, marked.shape, inputs, self._device)
        return marked


@wp.func
def _meets(view: View, direction: wp.vec3, face: CutFace, position: float, outlines: wp.array(dtype=wp.uint8)):
    """Whether the ray meets the plane at `position` inside the face's outline, before the receptor."""
    depth = (position - view.source[face.axis]) / direction[face.axis]
    if not (depth > 0.0 and depth < view.sdd_mm):
        return False
    point = view.source + depth * direction
    fast = point[0]
    slow = point[2]
    if face.axis == 0:
        fast = point[1]
    if face.axis == 2:
        slow = point[1]
    fast_index = int(wp.round(fast)) - 1
    slow_index = int(wp.round(slow)) - 1
    if fast_index < 0 or fast_index >= face.fast_size or slow_index < 0 or slow_index >= face.slow_size:
        return False
    return outlines[face.offset + slow_index * face.fast_size + fast_index] > wp.uint8(0)


@wp.kernel
def _mark(
    start: int,
    views: wp.array(dtype=View),
    rows: int,
    faces: wp.array(dtype=CutFace),
    face_count: int,
    outlines: wp.array(dtype=wp.uint8),
    marked: wp.array2d(dtype=wp.uint8),
):
    line, column = wp.tid()
    line += start
    view = views[line / rows]
    direction = view.pixel_to_direction * wp.vec3(float(column), float(line % rows), 1.0)
    for index in range(face_count):
        face = faces[index]
        for copy in range(face.copies):
            if _meets(view, direction, face, face.position + float(copy) * face.step, outlines):
                marked[line, column] = wp.uint8(1)
                return
