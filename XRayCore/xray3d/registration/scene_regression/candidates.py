"""From where X-rays may have been taken: where the CT looks like them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from xray3d.geometry import Projection
from xray3d.registration.drr_library import DRRLibrary
from xray3d.registration.scene_regression.exploring import Views
from xray3d.registration.scene_regression.observation import Shown, coarser, likeness_from
from xray3d.registration.scene_regression.patient import PatientRenderer
from xray3d.registration.views import ReducedView

_MATCHES = 32


@dataclass(frozen=True, eq=False)
class Candidates:
    """Where to begin.

    Attributes:
        poses: from where the CT looks like the X-rays, all at the size of their maps, the best first.
        inverted: of each X-ray, whether it does so with bright and dark exchanged.
    """

    poses: tuple[Views, ...]
    inverted: tuple[bool, ...]


def candidates(
    patient: PatientRenderer, library: DRRLibrary, shown: Sequence[Shown], breathe: Callable[[], None] = lambda: None
) -> Candidates:
    """The poses from where X-rays of one moment may be, and how the grey values of each are to be read.

    One X-ray that the library knows is enough: the likeliest pose says how the others are to be read, too.

    Args:
        patient: the CT.
        library: what it looks like from everywhere.
        shown: the X-rays.
        breathe: called every now and then; what it raises ends it.
    """
    own = [one.projection for one in shown]
    poses = [
        _moved(own, number, match) for number, one in enumerate(shown) for match in _matched(library, one, breathe)
    ]
    poses = [views for views in poses if all(patient.has_source_outside(view) for view in views)]
    if not poses:
        return Candidates((), (False,) * len(shown))
    alike = torch.stack(
        [likeness_from(patient, coarser(one), [views[number] for views in poses]) for number, one in enumerate(shown)]
    )
    signs = alike[:, alike.abs().sum(dim=0).argmax()].sign()
    best_first = (signs @ alike).argsort(descending=True).tolist()
    return Candidates(tuple(poses[number] for number in best_first), tuple((signs < 0).tolist()))


def _matched(library: DRRLibrary, shown: Shown, breathe: Callable[[], None]) -> Iterator[Projection]:
    whole, _, usable = shown.picture[0].cpu().numpy()
    own = shown.projection.resampled(whole.shape)
    for one in library.match(ReducedView(whole, usable), own, _MATCHES, breathe):
        yield replace(shown.projection, extrinsic=one.extrinsic)


def _moved(own: Sequence[Projection], number: int, match: Projection) -> Views:
    """X-rays of one moment, of which one is there."""
    motion = np.linalg.inv(own[number].extrinsic) @ match.extrinsic
    return tuple(replace(one, extrinsic=one.extrinsic @ motion) for one in own)
