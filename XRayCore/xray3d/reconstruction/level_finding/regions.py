"""Where vertebrae are reconstructed that were found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import GeometryError
from xray3d.reconstruction.level_finding.found import naming_doubt
from xray3d.reconstruction.level_finding.locate import locate
from xray3d.reconstruction.region import frame_of
from xray3d.volumes import XRayImage


def found_regions(
    xrays: Sequence[XRayImage], levels: Sequence[str] = (), device: str = "cpu"
) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """The frames (4, 4) of the vertebrae that are found on X-rays, by level, see `frame_of`; and what is doubtful.

    Args:
        xrays: as for `locate`.
        levels: which ones; all that are found without.

    Raises:
        GeometryError: none was found, or not all of those that are asked for; or as `locate`.
        VolumeError, ModelError, DeviceError: as `locate`.
    """
    vertebrae = locate(xrays, device)
    found = {one.level: frame_of(one.middle_ras) for one in vertebrae}
    if not found:
        raise GeometryError("No vertebra was found that the X-rays agree on; say where it is.")
    for level in levels:
        if level not in found:
            raise GeometryError(f"{level} was not found, but {', '.join(found)}; choose of these, or say where it is.")
    doubt = naming_doubt(vertebrae)
    return {level: found[level] for level in levels or found}, [] if doubt is None else [doubt]
