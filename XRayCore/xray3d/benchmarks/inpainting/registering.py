"""The registrations of one place, in every condition from the same starts on the same views.

Implants are screws with rods, and cages and plates with them. Without a search about the start it is the climb from
there that is measured; a search finds from far, whatever implants take from the climb.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.inpainting.patients import middle_of
from xray3d.benchmarks.inpainting.trials import BIN_MM, Condition, Protocol, Trial
from xray3d.benchmarks.registration.anatomies import PLACES, Anatomy, Place, load_anatomy
from xray3d.benchmarks.registration.cases import ViewPair, take_view_pair
from xray3d.datasets.instrumentation import InstrumentableSpine
from xray3d.datasets.spine_finder import find_vertebrae
from xray3d.drr import DRRRenderer, Implant
from xray3d.errors import VolumeError, XRay3DError
from xray3d.geometry import Projection
from xray3d.inpainting.inpainter import Inpainter
from xray3d.registration.capture_range import starts_at_mtre
from xray3d.registration.metrics import pose_error
from xray3d.registration.register import Registrar
from xray3d.volumes import XRayImage

Mask = NDArray[np.bool_]

# Of both CTs that the model did not learn from, the places with whole vertebrae in their middle.
INSTRUMENTED = (PLACES[0], PLACES[3])
# Few screws, or implants aside, take next to nothing from this registration.
_LEAST_IMPLANTS, _DRAWS = 8, 40
_SEED = 42_000_000


@dataclass(frozen=True, eq=False)
class Shown:
    """X-rays as they are registered in one condition, with the pixels to ignore."""

    xrays: Sequence[XRayImage]
    masks: Sequence[Mask] | None = None


@dataclass(frozen=True, eq=False)
class _Subject:
    """A place with its views in each condition."""

    anatomy: Anatomy
    registrar: Registrar
    views: Sequence[Mapping[Condition, Shown]]


def run_trials(place: Place, protocol: Protocol, pairs: int, data_folder: Path, model: str) -> list[Trial]:
    """All trials of a place by one protocol, spread over so many pairs of views.

    Args:
        model: digest of the inpainting model that ships, so that what is kept is of no other.
    """
    return list(_trials(_subject(place, pairs, data_folder, model), protocol))


# Protocols at one place are run one after the other.
@lru_cache(maxsize=1)
def _subject(place: Place, pairs: int, data_folder: Path, model: str) -> _Subject:
    anatomy, inpainter = load_anatomy(place, data_folder), Inpainter.shipped()
    spine, renderer = InstrumentableSpine(find_vertebrae(anatomy.ct)), DRRRenderer(anatomy.xrayed)
    views = []
    for seed in range(_SEED, _SEED + pairs):
        instrumented = replace(anatomy, screws=_implants(spine, place, seed))
        plain, implants = (take_view_pair(of, renderer, seed, of is instrumented) for of in (anatomy, instrumented))
        views.append(conditions(plain, implants, inpainter))
    return _Subject(anatomy, Registrar(anatomy.ct), views)


def _implants(spine: InstrumentableSpine, place: Place, seed: int) -> list[Implant]:
    """Of some random instrumentations with enough implants the one nearest to the isocentre."""
    rng = np.random.default_rng(seed)
    drawn = [spine.draw(rng) for _ in range(_DRAWS)]
    most = min(_LEAST_IMPLANTS, max(map(len, drawn)))
    large = [implants for implants in drawn if len(implants) >= most]
    return min(large, key=lambda implants: float(np.linalg.norm(np.subtract(middle_of(implants), place.isocenter_ras))))


def conditions(plain: ViewPair, occluded: ViewPair, inpainter: Inpainter) -> dict[Condition, Shown]:
    """A pair of views without implants and with them, in every condition; masks but the true one are found."""
    found = [inpainter.find(xray).mask for xray in occluded.xrays]
    without, painted = zip(*map(partial(_painted, inpainter), occluded.xrays, found), strict=True)
    return {
        "without implants": Shown(plain.xrays),
        "with implants": Shown(occluded.xrays),
        "true mask": Shown(occluded.xrays, occluded.metal_masks),
        "mask found": Shown(occluded.xrays, found),
        "inpainted": Shown(without),
        "inpainted and masked": Shown(without, painted),
    }


def _painted(inpainter: Inpainter, xray: XRayImage, found: Mask) -> tuple[XRayImage, Mask]:
    """An X-ray and where it was painted."""
    try:
        painted = inpainter.paint(xray, found)
    except VolumeError:  # such as metal found everywhere: nothing was painted, which counts
        return xray, found
    return replace(xray, pixels=painted.pixels.astype(np.float32)), painted.mask


def _trials(subject: _Subject, protocol: Protocol) -> Iterator[Trial]:
    for number, (mtre_mm, rng) in enumerate(_distances(protocol)):
        shown = subject.views[number % len(subject.views)]
        truth = [xray.projection for xray in shown["without implants"].xrays[: protocol.views]]
        starts = starts_at_mtre(truth, subject.anatomy.targets_ras, mtre_mm, rng)
        for condition, view in shown.items():
            yield _trial(subject, protocol, condition, view, starts)


def _distances(protocol: Protocol) -> Iterator[tuple[float, np.random.Generator]]:
    """The initial mTRE of each start, evenly spread within each bin."""
    rng = np.random.default_rng(_SEED)
    for low in np.arange(protocol.nearest_mm, protocol.farthest_mm, BIN_MM):
        for distance in low + BIN_MM * rng.uniform(0.0, 1.0, protocol.starts_per_bin):
            yield float(distance), rng


def _trial(
    subject: _Subject, protocol: Protocol, condition: Condition, shown: Shown, starts: Sequence[Projection]
) -> Trial:
    xrays, targets = shown.xrays[: protocol.views], subject.anatomy.targets_ras
    masks = None if shown.masks is None else shown.masks[: protocol.views]
    truth = [xray.projection for xray in xrays]
    initial = pose_error(starts, truth, targets)
    try:
        result = subject.registrar.register(xrays, starts, masks=masks, search=protocol.search)
    except XRay3DError:  # such as a start from which the CT is out of view: registered nothing, which counts
        return Trial(protocol, condition, initial, initial)
    return Trial(protocol, condition, initial, pose_error(result.projections, truth, targets))
