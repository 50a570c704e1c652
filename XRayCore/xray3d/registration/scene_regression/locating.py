"""From where X-rays of a patient were taken, whatever pose they have themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from xray3d.errors import GeometryError, NotRecognisedError
from xray3d.geometry import Projection
from xray3d.registration.checks import checked_masks
from xray3d.registration.drr_library import DRRLibrary
from xray3d.registration.scene_correspondences import SceneCoordinateMaps
from xray3d.registration.scene_pose import ScenePose
from xray3d.registration.scene_regression.conventions import FINENESS
from xray3d.registration.scene_regression.model import SceneCoordinateModel
from xray3d.registration.scene_regression.observation import likeness_from, picture_of, show
from xray3d.registration.scene_regression.patient import PatientRenderer
from xray3d.registration.scene_regression.placing import Placed, place
from xray3d.registration.views import prepare_view
from xray3d.volumes import CTVolume, XRayImage


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
        shown, finer = (
            [show(picture_of(view, one, fineness), self._device) for view, one in zip(views, own, strict=True)]
            for fineness in (1, FINENESS)
        )
        try:
            placed = place(self.model.network, self._patient, self._library, shown, finer, seed, breathe)
        except NotRecognisedError as unknown:
            raise NotRecognisedError(_not_recognised(self.model.ct_name, xrays)) from unknown
        moved = tuple(xray.projection.moved(placed.pose.transform_ras) for xray in xrays)
        return Located(moved, placed)

    def likeness(self, located: Located, projections: Sequence[Projection]) -> float:
        """How much the CT looks like X-rays from other poses than where they were located, too.

        Args:
            located: the X-rays.
            projections: a pose of each of them.
        """
        of_views = [
            likeness_from(self._patient, one, [replace(one.projection, extrinsic=projection.extrinsic)])
            for one, projection in zip(located.placed.shown, projections, strict=True)
        ]
        return float(torch.cat(of_views).mean())

    @cached_property
    def _library(self) -> DRRLibrary:
        return self._patient.library(self.model.poses)


def _not_recognised(ct_name: str, xrays: Sequence[XRayImage]) -> str:
    which = " and ".join(xray.name for xray in xrays)
    return (
        f"The model does not recognise what it knows of {ct_name} in {which}; check that this is the same patient, and "
        "that the model was trained for this part of the body and these directions."
    )
