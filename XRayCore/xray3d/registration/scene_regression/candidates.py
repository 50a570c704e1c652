"""From where an X-ray may have been taken: where the CT looks like it, and where a network recognises it from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from xray3d.geometry import Projection
from xray3d.registration.drr_library import DRRLibrary
from xray3d.registration.scene_regression.exploring import answer_from
from xray3d.registration.scene_regression.network import SceneCoordinateNetwork
from xray3d.registration.scene_regression.observation import Shown, coarser, likeness_from, recognise
from xray3d.registration.scene_regression.patient import PatientRenderer
from xray3d.registration.views import ReducedView

_MATCHES = 32


@dataclass(frozen=True, eq=False)
class Candidates:
    """Where to begin.

    Attributes:
        projections: from where the CT looks like the X-ray, at the size of its maps, the best first.
        inverted: whether it does so with bright and dark exchanged.
    """

    projections: tuple[Projection, ...]
    inverted: bool


def candidates(
    network: SceneCoordinateNetwork,
    patient: PatientRenderer,
    library: DRRLibrary,
    shown: Shown,
    seed: int = 0,
    breathe: Callable[[], None] = lambda: None,
) -> Candidates:
    """The poses from where an X-ray may be, and how its grey values are to be read.

    Args:
        network: what recognises.
        patient: the CT.
        library: what it looks like from everywhere.
        shown: the X-ray.
        seed: of the pixels that are drawn.
        breathe: called every now and then; what it raises ends it.
    """
    found = [*_matched(library, shown, breathe), *_recognised(network, patient, shown, seed)]
    found = [one for one in found if patient.has_source_outside(one[0])]
    if not found:
        return Candidates((), False)
    alike = likeness_from(patient, coarser(shown), [view for view, _ in found]).tolist()
    scores = [-of_view if inverted else of_view for of_view, (_, inverted) in zip(alike, found, strict=True)]
    best_first = [found[number] for number in np.argsort(scores)[::-1]]
    _, inverted = best_first[0]
    return Candidates(tuple(view for view, how in best_first if how == inverted), inverted)


def _matched(library: DRRLibrary, shown: Shown, breathe: Callable[[], None]) -> Iterator[tuple[Projection, bool]]:
    whole, _, usable = shown.picture[0].cpu().numpy()
    own = shown.projection.resampled(whole.shape)
    for one in library.match(ReducedView(whole, usable), own, _MATCHES, breathe):
        yield replace(shown.projection, extrinsic=one.extrinsic), one.inverted


def _recognised(
    network: SceneCoordinateNetwork, patient: PatientRenderer, shown: Shown, seed: int
) -> Iterator[tuple[Projection, bool]]:
    for inverted, read in ((False, shown), (True, shown.inverted)):
        answer = answer_from([recognise(network, patient.center_ras, read)], [shown.projection], seed)
        if answer is not None:
            yield answer.pose.projections[0], inverted
