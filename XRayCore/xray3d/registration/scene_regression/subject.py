"""A patient to train on: X-rays without end, and some that are kept to measure what was learnt."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from xray3d.datasets.appearance import Appearance, random_looks
from xray3d.datasets.pose_range import PoseRange
from xray3d.models.fingerprint import CTFingerprint
from xray3d.registration.drr_library import DRRLibrary
from xray3d.registration.scene_regression.conventions import FINENESS
from xray3d.registration.scene_regression.network import SceneCoordinateNetwork
from xray3d.registration.scene_regression.training_views import Batch, TrainingViews
from xray3d.registration.scene_regression.validation import Validation, targets_near, validate
from xray3d.volumes import CTVolume

# Poses a little beyond those wanted: a network is least sure at the edges of what it has seen.
_WIDER_DEG, _WIDER_MM = 4.0, 10.0
_HELD_OUT_SEED = 10**9


class Subject:
    """One patient, and what the C-arm aims at.

    Args:
        ct: the patient.
        poses: from where X-rays will be taken.
        bone_hu: what counts as bone.
        device: "cpu", "cuda" or "cuda:N".
        held_out: X-rays that networks are measured on.
        appearance: what X-rays look like, trained on and held out.

    Attributes:
        name: of the CT.
        ct: the CT's fingerprint.
        poses: as given.
        views: the X-rays, from a little further around.

    Raises:
        VolumeError: no bone above the threshold where the C-arm aims.
        DeviceError: the device is not there.
    """

    def __init__(
        self,
        ct: CTVolume,
        poses: PoseRange,
        bone_hu: float,
        device: str,
        held_out: int,
        appearance: Appearance = random_looks,
    ) -> None:
        self.name, self.ct, self.poses = ct.name, CTFingerprint.of(ct), poses
        self._targets, self._count = targets_near(ct, poses, bone_hu), held_out
        self.views = TrainingViews(ct, poses.widened(_WIDER_DEG, _WIDER_MM), appearance, bone_hu, device)

    def measure(self, network: SceneCoordinateNetwork, breathe: Callable[[], None]) -> Validation:
        """How well a network places the X-rays that were held out.

        Args:
            network: what compares, or recognises.
            breathe: called every now and then; what it raises ends it.
        """
        return validate(network, self._held_out, self.views.patient, self._library, self._targets, breathe)

    @cached_property
    def _held_out(self) -> Batch:
        return self.views.held_out(self._count, _HELD_OUT_SEED, FINENESS)

    @cached_property
    def _library(self) -> DRRLibrary:
        return self.views.patient.library(self.poses)
