"""A small labelled spine, X-rayed, for tests of what is learnt from it."""

from functools import cache

import numpy as np

from xray3d.datasets.synthetic_spine import SyntheticPatient, synthetic_lumbar_spine
from xray3d.reconstruction import lesson, source
from xray3d.reconstruction.grid import GRID_SIZE_IJK, grid_about
from xray3d.reconstruction.scenes import LabelledSpine, SpineViews


@cache
def patient() -> SyntheticPatient:
    """In voxels of 3 mm."""
    return synthetic_lumbar_spine(seed=0, spacing_mm=3.0)


@cache
def spine() -> LabelledSpine:
    """The same with the frames of its vertebrae."""
    return LabelledSpine.of_synthetic(patient())


@cache
def spine_views() -> SpineViews:
    """The same X-rayed."""
    return SpineViews.of(spine(), np.random.default_rng(0))


def coarsen(monkeypatch) -> None:
    """Grids of a seventh of the voxels, and smaller views: for tests of what is done with them."""
    size = (64, 64, 40)
    coarser = np.diag([*np.divide(GRID_SIZE_IJK, size), 1.0])
    for module in (source, lesson):
        monkeypatch.setattr(module, "GRID_SIZE_IJK", size)
    monkeypatch.setattr(source, "grid_about", lambda frame: grid_about(frame) @ coarser)
    monkeypatch.setattr(source, "VIEW_PX", 96)
