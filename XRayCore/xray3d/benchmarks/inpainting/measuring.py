"""The measurements: holes filled in every way, and metal found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.inpainting.biharmonic import Biharmonic
from xray3d.benchmarks.inpainting.cases import PATIENTS, RADIOGRAPHS, Case, Part
from xray3d.benchmarks.inpainting.methods import BIHARMONIC, NAVIER_STOKES, OCCLUDED, OURS, TELEA, fill_with_opencv
from xray3d.benchmarks.inpainting.outcomes import CaseOutcome, Region
from xray3d.benchmarks.inpainting.patients import load_patient
from xray3d.benchmarks.inpainting.pictures import strip
from xray3d.benchmarks.inpainting.radiographs import held_out_radiographs, take_radiographs
from xray3d.benchmarks.inpainting.views import take_views
from xray3d.inpainting.inpainter import Inpainter
from xray3d.inpainting.similarity import Similarity, border_of, similarity

Mask = NDArray[np.bool_]


def run_part(part: Part, data_folder: Path, model: str, peer: str) -> list[CaseOutcome]:
    """All that is measured of some X-rays with metal.

    Args:
        model: digest of the model that ships, so that what is kept is of no other.
        peer: version of scikit-image, or why there is none, for the same reason.
    """
    inpainter = _inpainter(model)
    with Biharmonic() as biharmonic:
        return [measured(case, inpainter, biharmonic) for case in _cases(part, data_folder)]


def are_clean(numbers: range, data_folder: Path, model: str) -> list[bool]:
    """Of radiographs without metal, whether none is found on each.

    Args:
        model: digest of the model that ships, so that what is kept is of no other.
    """
    radiographs = held_out_radiographs(data_folder / RADIOGRAPHS)
    inpainter = _inpainter(model)
    return [not inpainter.find(radiographs[number].pixels()).mask.any() for number in numbers]


def _cases(part: Part, data_folder: Path) -> Iterator[Case]:
    patient = load_patient(data_folder / part.patient)
    yield from take_views(patient, part.numbers)
    # No two patients share a radiograph.
    radiographs = held_out_radiographs(data_folder / RADIOGRAPHS)[PATIENTS.index(part.patient) :: len(PATIENTS)]
    yield from take_radiographs(radiographs, patient, part.numbers)


def measured(case: Case, inpainter: Inpainter, biharmonic: Biharmonic) -> CaseOutcome:
    """An X-ray painted in every way within one mask: the true metal and the margin that ours takes."""
    painted = inpainter.paint(case.image, case.metal)
    holes = painted.mask
    filled: dict[str, NDArray | str] = {
        OURS: painted.pixels,
        OCCLUDED: case.image,
        TELEA: fill_with_opencv(case.image, holes, TELEA),
        NAVIER_STOKES: fill_with_opencv(case.image, holes, NAVIER_STOKES),
        BIHARMONIC: biharmonic.fill(case.image, holes),
    }
    regions: dict[Region, Mask | None] = {
        "in the mask": holes,
        "at its border": border_of(holes),
        "over the image": None,
    }
    return CaseOutcome(
        case.test_set,
        case.name,
        {name: _similarities(filled, case.truth, region) for name, region in regions.items()},
        dice(inpainter.find(case.image).mask, case.metal),
        not inpainter.find(case.truth).mask.any(),
        strip(case.image, painted.pixels, case.truth),
    )


def _similarities(
    filled: Mapping[str, NDArray | str], truth: NDArray, region: Mask | None
) -> dict[str, Similarity | str]:
    return {
        method: image if isinstance(image, str) else similarity(image, truth, region)
        for method, image in filled.items()
    }


def dice(found: Mask, metal: Mask) -> float:
    """Dice's coefficient of two masks (rows, cols), of which the second is not empty; 0 to 1."""
    return float(2 * (found & metal).sum() / (found.sum() + metal.sum()))


@lru_cache(maxsize=1)
def _inpainter(model: str) -> Inpainter:
    return Inpainter.shipped()
