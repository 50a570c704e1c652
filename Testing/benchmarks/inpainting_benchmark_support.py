"""What the tests of the inpainting benchmark share: outcomes that nobody measured, and an inpainter that knows all."""

from types import SimpleNamespace

import numpy as np
from scipy.ndimage import binary_dilation

from xray3d.benchmarks.inpainting.methods import CLASSICAL, OCCLUDED, OURS
from xray3d.benchmarks.inpainting.outcomes import CaseOutcome
from xray3d.inpainting.similarity import MEASURES, Similarity

REGIONS = ("in the mask", "at its border", "over the image")


def alike(psnr_db):
    """A similarity in which all measures get better with this one."""
    error = 10.0 ** (-psnr_db / 20)
    grows = {key: min(psnr_db, 99.0) / 100 for key, measure in MEASURES.items() if measure.grows}
    return Similarity(**{**dict.fromkeys(MEASURES, 100 * error), **grows, "psnr_db": psnr_db})


def outcome(ours_db=40.0, test_set="DRRs", dice=0.97, clean=True, **theirs_db):
    """An X-ray's outcome; every other method has 20 dB, or what its first word has here, in dB or words."""
    methods = {OURS: ours_db}
    for method in (OCCLUDED, *CLASSICAL):
        methods[method] = theirs_db.get(method.split(", ")[-1].replace("–", "_").replace(" ", "_").lower(), 20.0)
    found = {name: one if isinstance(one, str) else alike(one) for name, one in methods.items()}
    return CaseOutcome(test_set, "a view", dict.fromkeys(REGIONS, found), dice, clean, b"")


def spread(count, middle_db=40.0, **others):
    """So many outcomes whose peak signal-to-noise ratios are spread a little about this."""
    return [outcome(middle_db + step, **others) for step in np.linspace(-0.5, 0.5, count)]


class KnowingInpainter:
    """Knows the truth, and finds the metal given."""

    def __init__(self, truth, metal):
        self.truth, self.metal = truth, metal

    def find(self, image):
        nothing = np.zeros(self.metal.shape, bool)
        return SimpleNamespace(mask=nothing if image is self.truth else self.metal)

    def paint(self, image, mask):
        holes = binary_dilation(mask)
        return SimpleNamespace(pixels=np.where(holes, self.truth + 0.01, image), mask=holes)
