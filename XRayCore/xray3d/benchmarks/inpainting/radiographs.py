"""Real radiographs with implants projected onto them, which must be as large there as the vertebrae are.

Metal is added to their grey values, which a radiograph's display makes of the logarithm of the signal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from xray3d.benchmarks.inpainting.cases import Case, TestSet
from xray3d.benchmarks.inpainting.patients import Patient, middle_of
from xray3d.datasets.occlusion import radiograph_pairs
from xray3d.datasets.pose_range import PoseRange
from xray3d.datasets.radiographs import Radiograph, find_radiographs

Rng = np.random.Generator

# They are about as wide as a trunk; so much on the receptor, on which everything is larger than in the patient.
_LEAST_WIDTH_MM, _MOST_WIDTH_MM = 370.0, 500.0
_FRONTAL = ((-10.0, 10.0), (-10.0, 10.0), (-10.0, 10.0))
# From the middle of the radiograph: across the spine in mm, along it as a share of its height.
_ASIDE_MM, _ALONG = 20.0, 0.25
# Radiographs with less metal are taken anew.
_LEAST_METAL = 0.001
_CLIPPED_SHARE: dict[TestSet, float] = {"radiographs": 0.0, "radiographs, clipped at white": 1.0}
_SEED = 41_000_000
# The one of all 1,329 whose patient has screws and rods, which the model found.
_WITH_IMPLANTS = {"sunhl-1th-30-Dec-2016-159-C-AP"}


def held_out_radiographs(archive: Path) -> list[Radiograph]:
    """Those without implants that nothing was learnt from, in a random order."""
    found = [one for one in find_radiographs(archive) if one.part == "test" and one.name not in _WITH_IMPLANTS]
    return [found[number] for number in np.random.default_rng(_SEED).permutation(len(found))]


def take_radiographs(radiographs: Sequence[Radiograph], patient: Patient, numbers: Iterable[int]) -> Iterator[Case]:
    """Radiographs by their numbers with metal of random instrumentations of a patient, unclipped and clipped."""
    for number in numbers:
        radiograph = radiographs[number % len(radiographs)]
        pixels = radiograph.pixels()
        rng = np.random.default_rng([_SEED, number, *patient.name.encode()])
        metal_mm = _metal_mm(patient, rng, pixels.shape)
        for test_set, clipped in _CLIPPED_SHARE.items():
            generator = torch.Generator().manual_seed(_SEED + number)
            greys, metal = (torch.from_numpy(one)[None] for one in (pixels, metal_mm))
            pairs = radiograph_pairs(greys, metal, generator, clipped)
            image, truth = (one[0].numpy() for one in (pairs.images, pairs.truth))
            yield Case(test_set, f"{radiograph.name}, {patient.name}", image, truth, metal_mm > 0)


def _metal_mm(patient: Patient, rng: Rng, size_px: tuple[int, ...]) -> NDArray[np.float32]:
    """(rows, cols) path in metal, seen from the front, on a radiograph of this size."""
    rows, columns = size_px
    while True:
        implants = patient.spine.draw(rng)
        pixel_mm = rng.uniform(_LEAST_WIDTH_MM, _MOST_WIDTH_MM) / columns
        poses = PoseRange(middle_of(implants), *_FRONTAL, lateral_mm=0.0, depth_mm=0.0)
        middle = poses.draw(rng, (rows, columns), (pixel_mm, pixel_mm))
        height_mm = rows * pixel_mm * poses.sod_mm / poses.sdd_mm
        aside_mm, along_mm = rng.uniform(-1, 1, 2) * (_ASIDE_MM, _ALONG * height_mm)
        view = middle.perturbed([aside_mm, along_mm, 0.0, 0.0, 0.0, 0.0])
        metal_mm = patient.renderer.render_materials(view, implants).metal_mm
        if metal_mm is not None and ((path := metal_mm.numpy()[0]) > 0).mean() >= _LEAST_METAL:
            return path
