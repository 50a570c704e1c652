"""The pyramid that a registration climbs: coarse for range, fine for accuracy."""

from __future__ import annotations

from dataclasses import dataclass

from xray3d.drr import DRRRenderer
from xray3d.registration.levenberg_marquardt import Stopping
from xray3d.registration.pyramid import coarser
from xray3d.volumes import CTVolume


@dataclass(frozen=True)
class Level:
    """One step of the pyramid.

    Attributes:
        longest_px: pixels along the longer side of the X-rays, at most.
        least_mm: no pixel is smaller, as seen at a metre from the source: smaller ones of a local view show noise, in
            which right poses look no better than wrong ones.
        ct_mm: voxel size of the CT, unless it has larger ones.
        window_px: side of the correlation's windows.
        stop: of the minimisation.
    """

    longest_px: int
    least_mm: float
    ct_mm: float
    window_px: int
    stop: Stopping


COARSE = Level(32, 2.8, 4.0, 19, Stopping(iterations=20, step_mm=0.5, gain=5e-3, longest_mm=20.0))
MIDDLE = Level(96, 2.8, 2.0, 15, Stopping(iterations=25, step_mm=0.1, gain=1e-3, longest_mm=10.0))
FINE = Level(192, 1.4, 1.0, 15, Stopping(iterations=8, step_mm=0.02, gain=5e-4, longest_mm=5.0))
LEVELS = (COARSE, MIDDLE, FINE)


class Renderers:
    """The CT at each level, made when first needed and kept.

    Args:
        ct: the patient, or the part of it that is registered.
        device: where to render.
    """

    def __init__(self, ct: CTVolume, device: str) -> None:
        self._ct, self._device = ct, device
        self._by_mm: dict[float, DRRRenderer] = {}

    def at(self, ct_mm: float) -> DRRRenderer:
        """The renderer of the CT at voxels of about `ct_mm`."""
        if ct_mm not in self._by_mm:
            self._by_mm[ct_mm] = DRRRenderer(coarser(self._ct, ct_mm), self._device)
        return self._by_mm[ct_mm]
