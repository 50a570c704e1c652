"""Pictures the vertebrae of a real CT, reconstructed from four X-rays: their outlines on three of these, and in space.

By hand: python Testing/benchmarks/picture_x23d_outlines.py OUT.png

In space they are in colours of their standard error: white 0 mm, red 5 mm or more.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from picture_x23d_support import pictured
from xray3d.benchmarks.patient import data_folder
from xray3d.benchmarks.registration.anatomies import as_xrayed
from xray3d.benchmarks.x23d.anatomies import load_spine
from xray3d.benchmarks.x23d.measuring import USUAL, USUAL_VIEWS
from xray3d.benchmarks.x23d.views import projections_of, take_xray
from xray3d.drr import DRRRenderer
from xray3d.reconstruction.reconstruct import Reconstructor
from xray3d.reconstruction.silhouettes import outlines, silhouette

NAME, LEVELS = "ct/chest_lidc0001", ("T12", "L1", "L2")
SHOWN, SIZE_PX = 3, 512
FROM = (-0.8, -0.6, 0.1)
ORANGE = (255, 150, 40)


def with_outlines(xray, meshes):
    """(SIZE_PX, SIZE_PX, 3) an X-ray with the outlines of surfaces."""
    low, high = np.percentile(xray.pixels, (0.5, 99.5))
    grey = np.clip((xray.pixels - low) / (high - low), 0, 1)
    image = cv2.cvtColor((255 * grey).astype(np.uint8), cv2.COLOR_GRAY2RGB)
    for level, mesh in meshes.items():
        lines = outlines(silhouette(*mesh, xray.projection))
        for line in lines:
            cv2.polylines(image, [np.round(line).astype(np.int32)], True, ORANGE, 2, cv2.LINE_AA)
        right = max(lines, key=len).max(axis=0)[0]
        middle = max(lines, key=len).mean(axis=0)[1]
        cv2.putText(image, level, (int(right) + 6, int(middle)), cv2.FONT_HERSHEY_SIMPLEX, 0.5, ORANGE, 1, cv2.LINE_AA)
    return cv2.resize(image, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA)


def main():
    """Write the picture."""
    spine = load_spine("real", NAME, data_folder())
    middle = np.mean([spine.frames[level][:3, 3] for level in LEVELS], axis=0)
    views = projections_of(middle, np.random.default_rng(0))[:USUAL_VIEWS]
    renderer, reconstructor = DRRRenderer(as_xrayed(spine.ct)), Reconstructor.shipped()
    xrays = [take_xray(renderer, view, USUAL, seed) for seed, view in enumerate(views)]
    found = {level: reconstructor.reconstruct(xrays, spine.frames[level][:3, 3]) for level in LEVELS}
    meshes = {level: one.mesh() for level, one in found.items()}
    coloured = [(*meshes[level], one.sigma_mm(meshes[level][0])) for level, one in found.items()]
    parts = [*(with_outlines(xray, meshes) for xray in xrays[:SHOWN]), pictured(coloured, FROM, SIZE_PX)]
    picture = np.vstack([np.hstack(parts[:2]), np.hstack(parts[2:])])
    cv2.imwrite(str(Path(sys.argv[1])), picture[:, :, ::-1])


if __name__ == "__main__":
    main()
