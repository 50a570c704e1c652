"""Where a vertebra is, from files: what Slicer saves of points, marks on X-rays and boxes, and JSON.

The JSON has one of the fields "middle_ras", [x, y, z], the middle of the vertebral body; "box_ras", the lowest and the
highest corner of a box about the vertebra; "frame_to_ras", 4×4, its frame, see `frame_of`; and "middle_px", [column,
row] for each X-ray, where it shows the middle of the body, or null.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.geometry.marks import in_patient
from xray3d.geometry.markups import holds_roi, is_markups, load_point_list, load_roi, read_json
from xray3d.geometry.triangulation import triangulated
from xray3d.reconstruction.region import frame_of, frame_of_box

_FIELDS = ("middle_ras", "box_ras", "frame_to_ras")
_PIXELS = "middle_px"


def load_region(path: str | Path, projections: Sequence[Projection]) -> NDArray[np.float64]:
    """The frame (4, 4) of a vertebra, see `frame_of`.

    Args:
        path: a .mrk.json file with a box about the vertebra or with the middle of its body, or such a .fcsv file, as
            Slicer saves them; or JSON as this module describes. The middle is one point in the patient, or marks of
            one name on the detectors of two X-rays or more.
        projections: of the X-rays.

    Raises:
        GeometryError: one sentence that names the file.
    """
    path = Path(path)
    if is_markups(path):
        if holds_roi(path):
            return frame_of_box(load_roi(path)[0])
        points = in_patient(load_point_list(path), projections)
        if len(points.names) != 1:
            raise GeometryError(f"{path} has {len(points.names)} points; leave the middle of one vertebra.")
        return frame_of(points.points_ras[0])
    fields = read_json(path)
    given = [field for field in (*_FIELDS, _PIXELS) if isinstance(fields, dict) and field in fields]
    if len(given) != 1:
        raise GeometryError(f"{path} must hold one of the fields {', '.join(_FIELDS)} and {_PIXELS}.")
    try:
        if given[0] == _PIXELS:
            return frame_of(triangulated(projections, fields[_PIXELS]))
        return frame_of(fields[given[0]])
    except GeometryError as wrong:
        raise GeometryError(f"{path}: {wrong}") from wrong
