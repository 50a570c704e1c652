"""Where networks put X-rays: from where these may have been taken, compared with the CT from there and around there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xray3d.errors import NotRecognisedError
from xray3d.registration.drr_library import DRRLibrary
from xray3d.registration.scene_correspondences import SceneCoordinateMaps
from xray3d.registration.scene_pose import ScenePose
from xray3d.registration.scene_regression.candidates import Candidates, candidates
from xray3d.registration.scene_regression.exploring import Effort, Explorer, Start, Views, answer_from, most_alike
from xray3d.registration.scene_regression.network import SceneCoordinateNetwork
from xray3d.registration.scene_regression.observation import Shown, recognise
from xray3d.registration.scene_regression.patient import PatientRenderer

THOROUGH = Effort(rounds=5, first=8, compared=3, drawn=24)
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
        candidate: where the CT looked most like one of the X-rays before any comparison, be it matched or recognised;
            None, if there was nothing to begin with.
        recognised: the pose that follows from the X-rays alone; None, if too little of what is seen in them agrees.
        pose: the best one, after comparisons with the CT.
        maps: of each X-ray, the points that the latter follows from.
    """

    candidate: Views | None
    recognised: ScenePose | None
    pose: ScenePose
    maps: tuple[SceneCoordinateMaps, ...]


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
        network: what recognises and compares.
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
    found = [candidates(network, patient, library, one, seed, breathe) for one in shown]
    shown, finer = (
        [one.inverted if how.inverted else one for one, how in zip(of_level, found, strict=True)]
        for of_level in (shown, finer)
    )
    likely = _together(found, shown)
    maps = [recognise(network, patient.center_ras, one) for one in shown]
    recognised = best = answer_from(maps, [one.projection for one in shown], seed)
    starts: list[Start] = [] if recognised is None else [(recognised.pose.projections, recognised)]
    starts += [(views, None) for views in likely]
    alike = np.inf
    for level, effort in ((shown, THOROUGH), (finer, LAST)) if network.compares else ():
        tried = Explorer(network, patient, level, seed, breathe).explore(starts, effort)
        answered = [one for one in tried if one.answer is not None]
        if answered:
            best = most_alike(answered).answer
        if tried:
            starts = [(most_alike(tried).views, most_alike(tried).answer)]
        alike = most_alike(tried).detail if tried else -np.inf
    if best is None or alike < _LEAST_ALIKE:
        raise NotRecognisedError("The X-rays do not show what the model knows.")
    return Placed(likely[0] if likely else None, None if recognised is None else recognised.pose, best.pose, best.maps)


def _together(found: Sequence[Candidates], shown: Sequence[Shown]) -> list[Views]:
    """Poses of all X-rays of one moment, in each of which one of them is where it may be."""
    own = [one.projection for one in shown]
    poses = []
    for number, of_view in enumerate(found):
        for candidate in of_view.projections:
            motion = np.linalg.inv(own[number].extrinsic) @ candidate.extrinsic
            poses.append(tuple(replace(one, extrinsic=one.extrinsic @ motion) for one in own))
    return poses
