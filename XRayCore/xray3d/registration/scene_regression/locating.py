"""From where X-rays were taken: recognised first, then compared with the CT from there and from around there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import GeometryError, NotRecognisedError
from xray3d.geometry import Projection
from xray3d.registration.checks import checked_masks
from xray3d.registration.scene_correspondences import LEAST_PIXELS, SceneCoordinateMaps
from xray3d.registration.scene_pose import ScenePose, pose_from_scene_coordinates
from xray3d.registration.scene_regression.conventions import FINENESS
from xray3d.registration.scene_regression.exploring import Effort, Explorer, Views, answer_from, most_alike
from xray3d.registration.scene_regression.model import SceneCoordinateModel
from xray3d.registration.scene_regression.network import SceneCoordinateNetwork
from xray3d.registration.scene_regression.observation import (
    Shown,
    picture_of,
    recognise,
    show,
)
from xray3d.registration.scene_regression.patient import PatientRenderer
from xray3d.registration.views import View, prepare_view
from xray3d.volumes import CTVolume, XRayImage

STRAIGHT = Effort(rounds=5, compared=1, drawn=0)
"""From the pose that is recognised on from one comparison to the next: what tells how much a network has learnt."""
THOROUGH = Effort(rounds=12, compared=4, drawn=8)
"""What finds the pose of an X-ray that was recognised decimetres off."""
LAST = Effort(rounds=3, compared=1, drawn=0)
"""On the finer picture: a pose that is right to a few millimetres is led on by pixels half as large."""

Level = tuple[Sequence[Shown], Effort]
"""X-rays of one moment on pixels of some size, and how much to try with these."""


@dataclass(frozen=True, eq=False)
class Placed:
    """Where networks put X-rays.

    Attributes:
        recognised: the pose that follows from the X-rays alone; how many points agree with it tells whether these show
            what the networks know.
        pose: the best one, after comparisons with the CT.
        maps: of each X-ray, the points that the latter follows from.
    """

    recognised: ScenePose
    pose: ScenePose
    maps: tuple[SceneCoordinateMaps, ...]


@dataclass(frozen=True, eq=False)
class Located:
    """What a model says of X-rays.

    Attributes:
        projections: of the X-rays, at their own size, where the model puts them.
        placed: the same with how sure it is.
    """

    projections: tuple[Projection, ...]
    placed: Placed

    @property
    def pose(self) -> ScenePose:
        """Of the X-rays at the size of their maps."""
        return self.placed.pose

    @property
    def maps(self) -> tuple[SceneCoordinateMaps, ...]:
        """Of each X-ray, where its rays enter and leave bone."""
        return self.placed.maps


class Locator:
    """A model with the CT that it knows.

    Args:
        model: what recognises X-rays.
        ct: what they are compared with.

    Raises:
        ModelError: the model is for another CT.
    """

    def __init__(self, model: SceneCoordinateModel, ct: CTVolume) -> None:
        model.require_ct(ct)
        self.model = model
        self._device = next(model.network.parameters()).device
        self._patient = PatientRenderer(ct, model.center_ras, model.bone_hu, str(self._device))

    def locate(
        self,
        xrays: Sequence[XRayImage],
        masks: Sequence[NDArray[np.bool_] | None] | None = None,
        seed: int = 0,
        breathe: Callable[[], None] = lambda: None,
    ) -> Located:
        """Where the X-rays were taken from, whatever pose they have themselves.

        Args:
            xrays: of one moment, with their true geometry relative to each other, of any grey scale.
            masks: for each X-ray (rows, cols), True where it is to be ignored; or None.
            seed: of the pixels and poses that are drawn.
            breathe: called every now and then; what it raises ends it.

        Raises:
            NotRecognisedError: no pose with which enough of what the model sees agrees.
            GeometryError: no X-ray.
            VolumeError: a mask of another size or over everything; `BlankXRayError` for an X-ray that shows nothing.
        """
        if not xrays:
            raise GeometryError("There is no X-ray to locate; give at least one.")
        masks = checked_masks(xrays, masks)
        views = [prepare_view(xray, mask) for xray, mask in zip(xrays, masks, strict=True)]
        own = [xray.projection for xray in xrays]
        read = [self._read(*of_view, seed) for of_view in zip(views, own, strict=True)]
        levels = [
            ([self._shown(*of_view, fineness) for of_view in zip(read, own, strict=True)], effort)
            for fineness, effort in ((1, THOROUGH), (FINENESS, LAST))
        ]
        try:
            placed = place(self.model.network, self._patient, levels, seed, breathe)
        except NotRecognisedError as unknown:
            raise NotRecognisedError(_not_recognised(self.model.ct_name, xrays)) from unknown
        moved = tuple(xray.projection.moved(placed.pose.transform_ras) for xray in xrays)
        return Located(moved, placed)

    def _read(self, view: View, projection: Projection, seed: int) -> View:
        """An X-ray as it is or with bright and dark exchanged, what fits a pose better."""
        readings = []
        for reading in (view, view.inverted):
            shown = self._shown(reading, projection)
            maps = recognise(self.model.network, self.model.center_ras, shown)
            enough = int(maps.valid.sum()) >= LEAST_PIXELS
            pose = pose_from_scene_coordinates([maps], [shown.projection], seed) if enough else None
            # The number that agree, not their share alone: an inverted X-ray may show a few points that happen to.
            readings.append((0.0 if pose is None else pose.inlier_share * float(maps.valid.sum()), reading))
        return max(readings, key=lambda one: one[0])[1]

    def _shown(self, view: View, projection: Projection, fineness: int = 1) -> Shown:
        return show(picture_of(view, projection, fineness), self._device)


def place(
    network: SceneCoordinateNetwork,
    patient: PatientRenderer,
    levels: Sequence[Level],
    seed: int = 0,
    breathe: Callable[[], None] = lambda: None,
) -> Placed:
    """Place X-rays of one moment: of the poses tried, where the CT looks most like them.

    Args:
        network: what recognises and compares.
        patient: the CT.
        levels: the coarsest first, on which the X-rays are recognised.
        seed: of what is drawn.
        breathe: called every now and then; what it raises ends it.

    Raises:
        NotRecognisedError: no pose with which enough of what the network sees agrees.
    """
    coarsest = levels[0][0]
    maps = [recognise(network, patient.center_ras, one) for one in coarsest]
    recognised = best = answer_from(maps, [one.projection for one in coarsest], seed)
    if recognised is None or best is None:
        raise NotRecognisedError("The X-rays do not show what the model knows.")
    views: Views = best.pose.projections
    for shown, effort in levels if network.compares else ():
        start = tuple(replace(one.projection, extrinsic=at.extrinsic) for one, at in zip(shown, views, strict=True))
        explorer = Explorer(network, patient, shown, seed, breathe)
        tried = explorer.explore(start, best if shown is coarsest else None, effort)
        answered = [one for one in tried if one.answer is not None]
        if answered and most_alike(answered).likeness >= tried[0].likeness:
            best = most_alike(answered).answer or best
        views = most_alike(tried).views if tried else views
    return Placed(recognised.pose, best.pose, best.maps)


def _not_recognised(ct_name: str, xrays: Sequence[XRayImage]) -> str:
    which = " and ".join(xray.name for xray in xrays)
    return (
        f"The model does not recognise what it knows of {ct_name} in {which}; check that this is the same patient, and "
        "that the model was trained for this part of the body and these directions."
    )
