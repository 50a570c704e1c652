"""Pictures the best, the median and the worst vertebra that the benchmark reconstructs, by hand:

python Testing/benchmarks/picture_x23d.py OUT.png [SPINES]

Of each, from behind and from its left, the reconstructed surface in colours of its distance from the true one, and the
true one in those of its distance from what was reconstructed: white 0 mm, red 5 mm or more.
"""

import sys
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
from scipy.spatial import cKDTree

from picture_x23d_support import pictured
from xray3d.benchmarks.patient import data_folder
from xray3d.benchmarks.registration.anatomies import as_xrayed
from xray3d.benchmarks.x23d.anatomies import TestSet, load_spine, names_of
from xray3d.benchmarks.x23d.measuring import USUAL, USUAL_VIEWS, Case
from xray3d.benchmarks.x23d.views import take_xray
from xray3d.drr import DRRRenderer
from xray3d.reconstruction.reconstruct import Reconstructor

SIZE_PX = 360
FROM = ((0.0, -1.0, 0.0), (-1.0, 0.0, 0.0))


def reconstructed(spines):
    """(F1, words, surface, true surface) of all vertebrae."""
    reconstructor = Reconstructor.shipped()
    for test_set in get_args(TestSet):
        for name in names_of(test_set, spines):
            spine = load_spine(test_set, name, data_folder())
            renderer = DRRRenderer(as_xrayed(spine.ct))
            for number, level in enumerate(sorted(spine.frames)):
                case = Case.of(test_set, name, spine, level, number)
                xrays = [take_xray(renderer, view, USUAL, seed) for seed, view in enumerate(case.views[:USUAL_VIEWS])]
                found = reconstructor.reconstruct(xrays, case.place_ras)
                if found.inside.any():
                    words = f"{level} of {name.split('/')[-1]}"
                    yield case.outcome(reconstructor, xrays, USUAL).f1, words, found.mesh(), case.surface


def distances(surface, other):
    """Vertices, triangles, and how far the vertices are from another surface."""
    return *surface, cKDTree(other[0]).query(surface[0])[0]


def main():
    """Write the picture."""
    found = sorted(reconstructed(int(dict(enumerate(sys.argv)).get(2, 1))), key=lambda one: -one[0])
    rows = []
    for words, (f1, name, surface, truth) in zip(
        ("best", "median", "worst"), (found[0], found[len(found) // 2], found[-1]), strict=True
    ):
        pairs = [distances(*pair) for pair in ((surface, truth), (truth, surface))]
        parts = [pictured([one], direction, SIZE_PX) for direction in FROM for one in pairs]
        row = np.hstack(parts)
        cv2.putText(row, f"{words}: {name}, F1 {f1:.2f}", (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1)
        rows.append(row)
    cv2.imwrite(str(Path(sys.argv[1])), np.vstack(rows)[:, :, ::-1])


if __name__ == "__main__":
    main()
