"""From where X-rays were taken: recognised first, then compared with the CT from there, until that is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import GeometryError, NotRecognisedError
from xray3d.geometry import Projection
from xray3d.registration.checks import checked_masks
from xray3d.registration.scene_correspondences import LEAST_PIXELS, SceneCoordinateMaps
from xray3d.registration.scene_pose import ScenePose, pose_from_scene_coordinates
from xray3d.registration.scene_regression.correlation import likeness
from xray3d.registration.scene_regression.model import SceneCoordinateModel
from xray3d.registration.scene_regression.network import SceneCoordinateNetwork
from xray3d.registration.scene_regression.observation import (
    Picture,
    Shown,
    compare,
    guess_from,
    picture_of,
    recognise,
    show,
)
from xray3d.registration.scene_regression.patient import PatientRenderer
from xray3d.registration.views import View, prepare_view
from xray3d.volumes import CTVolume, XRayImage

_COMPARISONS = 5


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
        pictures: what the networks were shown; each map is on the pixels of its `projection`.
    """

    projections: tuple[Projection, ...]
    placed: Placed
    pictures: tuple[Picture, ...] = field(repr=False)

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
        self, xrays: Sequence[XRayImage], masks: Sequence[NDArray[np.bool_] | None] | None = None, seed: int = 0
    ) -> Located:
        """Where the X-rays were taken from, whatever pose they have themselves.

        Args:
            xrays: of one moment, with their true geometry relative to each other, of any grey scale.
            masks: for each X-ray (rows, cols), True where it is to be ignored; or None.
            seed: of the pixels that are drawn.

        Raises:
            NotRecognisedError: no pose with which enough of what the model sees agrees.
            GeometryError: no X-ray.
            VolumeError: a mask of another size or over everything; `BlankXRayError` for an X-ray that shows nothing.
        """
        if not xrays:
            raise GeometryError("There is no X-ray to locate; give at least one.")
        masks = checked_masks(xrays, masks)
        views = [prepare_view(xray, mask) for xray, mask in zip(xrays, masks, strict=True)]
        pictures = [self._read(view, xray.projection, seed) for view, xray in zip(views, xrays, strict=True)]
        shown = [show(picture, self._device) for picture in pictures]
        try:
            placed = place(self.model.network, self._patient, shown, seed)
        except NotRecognisedError as unknown:
            raise NotRecognisedError(_not_recognised(self.model.ct_name, xrays)) from unknown
        moved = tuple(xray.projection.moved(placed.pose.transform_ras) for xray in xrays)
        return Located(moved, placed, tuple(pictures))

    def _read(self, view: View, projection: Projection, seed: int) -> Picture:
        """An X-ray as it is or with bright and dark exchanged, what fits a pose better."""
        readings = []
        for reading in (view, view.inverted):
            picture = picture_of(reading, projection)
            maps = recognise(self.model.network, self.model.center_ras, show(picture, self._device))
            enough = int(maps.valid.sum()) >= LEAST_PIXELS
            pose = pose_from_scene_coordinates([maps], [picture.projection], seed) if enough else None
            # The number that agree, not their share alone: an inverted X-ray may show a few points that happen to.
            readings.append((0.0 if pose is None else pose.inlier_share * float(maps.valid.sum()), picture))
        return max(readings, key=lambda one: one[0])[1]


def place(network: SceneCoordinateNetwork, patient: PatientRenderer, shown: Sequence[Shown], seed: int = 0) -> Placed:
    """Place X-rays of one moment: of the poses that comparisons lead to, where the CT looks most like the X-rays.

    Raises:
        NotRecognisedError: no pose with which enough of what the network sees agrees.
    """
    own, center = [one.projection for one in shown], patient.center_ras
    maps = [recognise(network, center, one) for one in shown]
    pose = recognised = _pose(maps, own, seed)
    if recognised is None:
        raise NotRecognisedError("The X-rays do not show what the model knows.")
    best, most_alike = Placed(recognised, recognised, tuple(maps)), -np.inf
    comparisons = _COMPARISONS if network.compares else 0
    for number in range(comparisons + 1):
        if pose is None or not all(patient.has_source_outside(projection) for projection in pose.projections):
            break
        guesses = [guess_from(patient, *of_view) for of_view in zip(shown, pose.projections, strict=True)]
        alike = sum(likeness(one.picture, guess) for one, guess in zip(shown, guesses, strict=True))
        if alike > most_alike:
            best, most_alike = Placed(recognised, pose, tuple(maps)), alike
        if number < comparisons:
            maps = [compare(network, center, *of_view) for of_view in zip(shown, guesses, strict=True)]
            pose = _pose(maps, own, seed)
    return best


def _pose(maps: Sequence[SceneCoordinateMaps], projections: Sequence[Projection], seed: int) -> ScenePose | None:
    if sum(int(of_view.valid.sum()) for of_view in maps) < LEAST_PIXELS:
        return None
    pose = pose_from_scene_coordinates(maps, projections, seed)
    return pose if pose.consistent else None


def _not_recognised(ct_name: str, xrays: Sequence[XRayImage]) -> str:
    which = " and ".join(xray.name for xray in xrays)
    return (
        f"The model does not recognise what it knows of {ct_name} in {which}; check that this is the same patient, and "
        "that the model was trained for this part of the body and these directions."
    )
