"""Where networks put X-rays: from where these may have been taken, compared with the CT from there and around there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xray3d.errors import NotRecognisedError
from xray3d.registration.drr_library import DRRLibrary
from xray3d.registration.scene_correspondences import SceneCoordinateMaps
from xray3d.registration.scene_pose import ScenePose
from xray3d.registration.scene_regression.candidates import candidates
from xray3d.registration.scene_regression.exploring import (
    Answer,
    Effort,
    Explorer,
    Start,
    Views,
    answer_from,
    most_alike,
)
from xray3d.registration.scene_regression.network import SceneCoordinateNetwork
from xray3d.registration.scene_regression.observation import Shown, recognise
from xray3d.registration.scene_regression.patient import PatientRenderer

THOROUGH = Effort(rounds=8, first=8, compared=3, drawn=24)
"""What makes a pose that was matched to a centimetre or two right to a few millimetres."""
LAST = Effort(rounds=3, first=1, compared=1, drawn=0)
"""On the finer picture: a pose that is right to a few millimetres is led on by pixels half as large."""

# X-rays of a patient look like the CT by 0.02 to 0.15 from where they were taken. From anywhere, noise does by 0.003,
# and another patient's chest by 0.01 to 0.02, which the intensities tell.
_LEAST_ALIKE = 0.006


@dataclass(frozen=True, eq=False)
class Placed:
    """Where networks put X-rays.

    Attributes:
        candidate: from where the CT looked most like them before the network said anything; None, if there was nothing
            to begin with.
        pose: the best one.
        maps: of each X-ray, the points that it follows from.
        shown: the X-rays as they were compared, of the likelier polarity.
    """

    candidate: Views | None
    pose: ScenePose
    maps: tuple[SceneCoordinateMaps, ...]
    shown: tuple[Shown, ...]


def place(
    network: SceneCoordinateNetwork,
    patient: PatientRenderer,
    library: DRRLibrary,
    shown: Sequence[Shown],
    finer: Sequence[Shown],
    seed: int = 0,
    breathe: Callable[[], None] = lambda: None,
) -> Placed:
    """Place X-rays of one moment, of either polarity: of the poses tried, where the CT looks most like them.

    Args:
        network: what compares, or recognises.
        patient: the CT.
        library: what it looks like from everywhere.
        shown: the X-rays.
        finer: the same of `FINENESS`.
        seed: of what is drawn.
        breathe: called every now and then; what it raises ends it.

    Raises:
        NotRecognisedError: no pose with which enough of what the network sees agrees, or from which the CT looks like
            them at all.
    """
    found = candidates(patient, library, shown, breathe)
    shown, finer = (
        [one.inverted if inverted else one for one, inverted in zip(of_level, found.inverted, strict=True)]
        for of_level in (shown, finer)
    )
    if network.compares:
        best = _compared(network, patient, found.poses, (shown, finer), seed, breathe)
    else:
        maps = [recognise(network, patient.center_ras, one) for one in shown]
        best = answer_from(maps, [one.projection for one in shown], seed)
    if best is None:
        raise NotRecognisedError("The X-rays do not show what the model knows.")
    return Placed(found.poses[0] if found.poses else None, best.pose, best.maps, tuple(shown))


def _compared(
    network: SceneCoordinateNetwork,
    patient: PatientRenderer,
    likely: Sequence[Views],
    levels: Sequence[Sequence[Shown]],
    seed: int,
    breathe: Callable[[], None],
) -> Answer | None:
    """What comparisons lead to from the likeliest poses; None, if that does not look like the X-rays."""
    starts: list[Start] = [(views, None) for views in likely]
    for level, effort in zip(levels, (THOROUGH, LAST), strict=True):
        tried = Explorer(network, patient, level, seed, breathe).explore(starts, effort)
        if not tried:
            return None
        best = most_alike(tried)
        starts = [(best.views, best.answer)]
    return best.answer if best.detail >= _LEAST_ALIKE else None
