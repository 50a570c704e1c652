"""How far off the poses are that a network gives to X-rays it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from xray3d.datasets.pose_range import PoseRange
from xray3d.errors import GeometryError, VolumeError
from xray3d.registration.metrics import PERCENTILES, mean_target_registration_error
from xray3d.registration.scene_pose import pose_from_scene_coordinates
from xray3d.registration.scene_regression.network import STRIDE, SceneCoordinateNetwork
from xray3d.registration.scene_regression.observation import maps_of
from xray3d.registration.scene_regression.training_views import Batch
from xray3d.registration.statistics import percentile
from xray3d.volumes import CTVolume

_GROSS_MM = 10.0
_TARGETS, _TARGETS_WITHIN_MM = 200, 70.0


@dataclass(frozen=True)
class Validation:
    """The errors of single views.

    Attributes:
        mtre_mm: of each view; infinite without a pose.
    """

    mtre_mm: tuple[float, ...]

    @property
    def percentiles_mm(self) -> dict[str, float]:
        """The 25th, 50th, 75th and 95th, by their names; a metre stands for no pose."""
        return {str(percent): min(percentile(self.mtre_mm, percent), 1000.0) for percent in PERCENTILES}

    @property
    def median_mm(self) -> float:
        return percentile(self.mtre_mm, 50)

    @property
    def gross_failures(self) -> float:
        """Share above 10 mm."""
        return float(np.mean(np.array(self.mtre_mm) > _GROSS_MM))


def targets_near(ct: CTVolume, poses: PoseRange, bone_hu: float, seed: int = 0) -> NDArray[np.float64]:
    """(n, 3) mm: points on bone within 70 mm of what the C-arm aims at.

    Raises:
        VolumeError: there is none.
    """
    bone = ct.to_ras(np.argwhere(ct.hu > bone_hu)[:, ::-1])
    near = bone[np.linalg.norm(bone - poses.center_ras, axis=1) < _TARGETS_WITHIN_MM]
    if not len(near):
        raise VolumeError(
            f"{ct.name} has no bone above {bone_hu:g} HU within {_TARGETS_WITHIN_MM:g} mm of the centre of the poses; "
            "move the centre or lower the threshold."
        )
    return np.random.default_rng(seed).choice(near, min(_TARGETS, len(near)), replace=False)


def validate(
    network: SceneCoordinateNetwork, batches: Sequence[Batch], poses: PoseRange, targets_ras: NDArray[np.float64]
) -> Validation:
    """Measure a network on views that were held out."""
    network.eval()
    return Validation(tuple(error for batch in batches for error in _errors(network, batch, poses, targets_ras)))


def _errors(
    network: SceneCoordinateNetwork, batch: Batch, poses: PoseRange, targets_ras: NDArray[np.float64]
) -> list[float]:
    with torch.inference_mode():
        prediction = network(batch.pictures)
    errors = []
    for number, projection in enumerate(batch.projections):
        rows, columns = projection.size_px
        reduced = projection.resampled((rows // STRIDE, columns // STRIDE))
        maps = maps_of(prediction, number, batch.usable[number], np.asarray(poses.center_ras, float))
        try:
            found = pose_from_scene_coordinates([maps], [reduced])
        except GeometryError:  # it recognises nothing
            errors.append(float("inf"))
            continue
        errors.append(mean_target_registration_error(found.projections, [reduced], targets_ras))
    return errors
