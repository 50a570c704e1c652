"""What the tests of the registration benchmark share: a made-up place with X-rays, and trials that never took place."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from xray3d.benchmarks.registration.anatomies import Anatomy, Place
from xray3d.benchmarks.registration.cases import ViewPair
from xray3d.benchmarks.registration.trials import Trial
from xray3d.errors import GeometryError
from xray3d.geometry import Projection
from xray3d.registration.metrics import PoseError
from xray3d.volumes import CTVolume, XRayImage

PLACE = Place("made-up spine", "made-up.nii.gz", (0.0, 0.0, -10.0))
SIZE_PX, PIXEL_MM = (12, 10), (25.0, 30.0)


def unseen_anatomy(place=PLACE):
    """An anatomy whose volumes nobody looks at."""
    volume = CTVolume(np.zeros((2, 2, 2)), np.eye(4))
    targets = np.random.default_rng(0).normal(place.isocenter_ras, 30.0, (40, 3))
    return Anatomy(place, volume, volume, targets, screws=())


def blank_xray(primary_deg, name):
    """An X-ray without a picture."""
    projection = Projection.from_carm(primary_deg, 0, PLACE.isocenter_ras, 1020, 700, SIZE_PX, PIXEL_MM)
    return XRayImage(np.zeros(SIZE_PX), projection, name)


def blank_pair(name, metal):
    """Two X-rays without pictures; `metal` fills the whole mask."""
    xrays = tuple(blank_xray(angle, name) for angle in (0, 90))
    return ViewPair(xrays, tuple(np.full(SIZE_PX, metal) for _ in xrays))


class KnowingRegistrar:
    """Knows where the X-rays were taken; refuses those whose names are in `refused`."""

    def __init__(self, refused=(), seconds=0.5):
        self.refused, self.seconds = refused, seconds
        self.calls = []

    def register(self, xrays, initial, masks=None):
        self.calls.append((tuple(xray.name for xray in xrays), masks))
        if xrays[0].name in self.refused:
            raise GeometryError("The CT is out of view.")
        return SimpleNamespace(
            projections=[xray.projection for xray in xrays],
            verdict="accepted",
            similarity=0.9,
            error_along_mm=1.0,
            error_across_mm=0.5,
            seconds=self.seconds,
        )


def error(mtre_mm, mpd_mm=None):
    """A pose error with this mTRE, and this mPD or the same."""
    return PoseError(mtre_mm, mtre_mm if mpd_mm is None else mpd_mm, mtre_mm, 0.0, mtre_mm, mtre_mm, mtre_mm)


RIGHT = Trial(
    PLACE.name, "accuracy", "as in the CT", 2, error(20.0), error(0.2), "accepted", 0.9, (0.1, 0.4), seconds=1.0
)
WRONG = replace(RIGHT, final=error(15.0), verdict="failed", similarity=0.2)
REFUSED = replace(WRONG, final=error(20.0), similarity=0.0, predicted_mm=(np.inf, np.inf), seconds=0.0)
