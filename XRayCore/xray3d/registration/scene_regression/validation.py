"""How far off the poses are that a network gives to X-rays it was not trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray3d.datasets.pose_range import PoseRange
from xray3d.errors import NotRecognisedError, VolumeError
from xray3d.registration.drr_library import DRRLibrary
from xray3d.registration.metrics import PERCENTILES, mean_target_registration_error
from xray3d.registration.scene_regression.network import SceneCoordinateNetwork
from xray3d.registration.scene_regression.observation import Shown, coarser
from xray3d.registration.scene_regression.patient import PatientRenderer
from xray3d.registration.scene_regression.placing import place
from xray3d.registration.scene_regression.training_views import Batch
from xray3d.registration.statistics import percentile
from xray3d.volumes import CTVolume

_GROSS_MM = 10.0
# Between networks, errors below the first count as good as none, those beyond the second as good as no pose.
_TOLD_APART_MM = (0.5, 100.0)
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
    def score(self) -> float:
        """Geometric mean, which tells the better of two networks: of some views near and some far it jumps less than
        the median does, and a view that is far off counts the same whether it is ten centimetres off or a metre."""
        return float(np.exp(np.log(np.clip(self.mtre_mm, *_TOLD_APART_MM)).mean()))

    @property
    def told(self) -> str:
        """In a few words."""
        return f"median error {min(self.median_mm, 999):.1f} mm"

    @property
    def gross_failures(self) -> float:
        """Share above 10 mm."""
        return float(np.mean(np.array(self.mtre_mm) > _GROSS_MM))

    @property
    def facts(self) -> dict[str, Any]:
        """What a `TrainingReport` says of them."""
        return {
            "mtre_mm": {name: round(value, 2) for name, value in self.percentiles_mm.items()},
            "gross_failures": self.gross_failures,
            "views": len(self.mtre_mm),
        }


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
    network: SceneCoordinateNetwork,
    finer: Batch,
    patient: PatientRenderer,
    library: DRRLibrary,
    targets_ras: NDArray[np.float64],
    breathe: Callable[[], None],
) -> Validation:
    """Measure a network on views that were held out, located as those of users are.

    Args:
        network: what compares, or recognises.
        finer: views of `FINENESS`.
        patient: the CT.
        library: what it looks like from everywhere.
        targets_ras: (n, 3) mm.
        breathe: called every now and then; what it raises ends it.
    """
    errors_mm = []
    for view in _views(finer):
        try:
            placed = place(network, patient, library, [coarser(view)], [view], breathe=breathe)
        except NotRecognisedError:
            errors_mm.append(float("inf"))
            continue
        found = [replace(view.projection, extrinsic=one.extrinsic) for one in placed.pose.projections]
        errors_mm.append(mean_target_registration_error(found, [view.projection], targets_ras))
    return Validation(tuple(errors_mm))


def _views(batch: Batch) -> list[Shown]:
    size = batch.usable.shape[1:]
    return [
        Shown(picture[None], usable, projection.resampled((size[0], size[1])))
        for picture, usable, projection in zip(batch.pictures, batch.usable, batch.projections, strict=True)
    ]
