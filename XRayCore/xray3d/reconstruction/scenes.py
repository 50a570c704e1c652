"""Labelled spines X-rayed from everywhere: what reconstruction learns from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from xray3d.datasets.synthetic_spine import VERTEBRA_LABELS, SyntheticPatient
from xray3d.datasets.vertebra_frame import upright_vertebra
from xray3d.drr import DRRRenderer
from xray3d.errors import VolumeError
from xray3d.geometry import Projection
from xray3d.volumes import CTVolume
from xray3d.volumes.extension import extended
from xray3d.volumes.labels import LabelVolume

LEVELS = ("T12", "L1", "L2", "L3", "L4", "L5")
SIZE_PX, PIXEL_MM = (448, 384), 1.1
OBJECT_PIXEL_MM = 0.73
"""What pixels measure where the patient is, about."""

# As those of Jecklin et al. (J. Imaging 2022, 8(10):271): of each patient so many views of each kind, with the angles
# that they have and how far they may be off these.
_KINDS = (
    (3, (0.0,), 10.0, 10.0),
    (4, (-90.0, 90.0), 10.0, 10.0),
    (4, (-45.0, 45.0), 15.0, 15.0),
    (9, (0.0,), 110.0, 30.0),
)
VIEWS = sum(count for count, *_ in _KINDS)
FRONTAL, LATERAL, OBLIQUE = (0, 1, 2), (3, 4, 5, 6), (7, 8, 9, 10)
"""Numbers of the views; laterals and obliques from one side and the other in turn."""
_IN_PLANE_DEG, _ASIDE_MM = 15.0, 30.0
_SDD_MM, _SOD_MM = (950.0, 1150.0), (620.0, 780.0)
_MARGIN_MM = 6.0
# Patients go on where CTs end, and so they do on this share of the X-rays; those that users simulate end there, too.
_GOES_ON_MM, _GOES_ON = 120.0, 0.7

Rng = np.random.Generator


@dataclass(frozen=True, eq=False)
class LabelledSpine:
    """A CT of which it is known which voxel is of which vertebra.

    Attributes:
        ct: HU.
        labels: on any grid.
        values: of each level in the labels; of a level that is not among them the shape is not known.
        frames: (4, 4) from each level's frame (mm) to RAS, see `grid_about`.
    """

    ct: CTVolume
    labels: LabelVolume
    values: Mapping[str, int]
    frames: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of_synthetic(cls, patient: SyntheticPatient) -> LabelledSpine:
        """All that is whole of a synthetic patient."""
        frames = {level: patient.column.vertebra(level).to_ras for level in LEVELS}
        return cls(patient.ct, patient.labels, {level: VERTEBRA_LABELS[level] for level in LEVELS}, frames)

    @classmethod
    def of_labels(cls, ct: CTVolume, labels: LabelVolume, values: Mapping[str, int]) -> LabelledSpine:
        """Of a CT and its labels, from which frames are found.

        Args:
            values: of each level in the labels; those cut off by the edge of the image are left out.

        Raises:
            VolumeError: none of the vertebrae is whole.
        """
        frames, failure = {}, None
        for level, value in values.items():
            try:
                frames[level] = upright_vertebra(labels, value, level).to_ras
            except VolumeError as wrong:
                failure = wrong
        if failure is not None and not frames:
            raise failure
        return cls(ct, labels, {level: values[level] for level in frames}, frames)


@dataclass(frozen=True, eq=False)
class Shape:
    """The voxels of one bone."""

    coverage: NDArray[np.float32]
    ijk_to_ras: NDArray[np.float64]

    @classmethod
    def of(cls, labels: LabelVolume, value: int) -> Shape:
        """Of a label."""
        found = np.argwhere(labels.labels == value)
        margin = np.ceil(_MARGIN_MM / labels.spacing_mm[::-1]).astype(int)
        first = np.maximum(found.min(axis=0) - margin, 0)
        last = np.minimum(found.max(axis=0) + margin + 1, labels.labels.shape)
        part = labels.labels[tuple(slice(a, b) for a, b in zip(first, last, strict=True))] == value
        to_ras = labels.ijk_to_ras.copy()
        to_ras[:3, 3] = labels.to_ras(first[::-1])
        return cls(part.astype(np.float32), to_ras)

    def on(self, ijk_to_ras: NDArray[np.float64], size_ijk: tuple[int, int, int]) -> NDArray[np.bool_]:
        """(K, J, I) what voxels of another grid are inside."""
        to_own = np.linalg.inv(self.ijk_to_ras) @ ijk_to_ras
        kji_to_own = to_own[2::-1, 2::-1]
        found = affine_transform(self.coverage, kji_to_own, to_own[2::-1, 3], size_ijk[::-1], order=1)
        return np.asarray(found > 0.5)


@dataclass(frozen=True, eq=False)
class SpineViews:
    """A labelled spine, X-rayed.

    Attributes:
        integrals: (views, 2, rows, cols) float16, line integrals of soft tissue and of bone.
        projections: of the views.
        frames: of each level, see `LabelledSpine`.
        shapes: of each level of which it is known.
    """

    integrals: NDArray[np.float16]
    projections: tuple[Projection, ...]
    frames: Mapping[str, NDArray[np.float64]]
    shapes: Mapping[str, Shape]

    @classmethod
    def of(cls, spine: LabelledSpine, rng: Rng, device: str = "cpu") -> SpineViews:
        """`VIEWS` X-rays, the frontal ones first, then lateral, oblique and other ones.

        Raises:
            DeviceError: the device is not there.
        """
        middle = np.mean([frame[:3, 3] for frame in spine.frames.values()], axis=0)
        projections = tuple(
            _projection(rng, angle, off_deg, tilt_deg, middle)
            for count, angles, off_deg, tilt_deg in _KINDS
            for angle in np.resize(angles, count)
        )
        integrals = np.empty((VIEWS, 2, *SIZE_PX), np.float16)
        goes_on = rng.random(VIEWS) < _GOES_ON
        for ct, chosen in ((extended(spine.ct, _GOES_ON_MM).ct, goes_on), (spine.ct, ~goes_on)):
            if chosen.any():
                views = [projections[number] for number in np.flatnonzero(chosen)]
                found = DRRRenderer(ct, device).render_materials(views)
                integrals[chosen] = np.stack([found.soft.numpy(), found.bone.numpy()], axis=1)
        shapes = {level: Shape.of(spine.labels, value) for level, value in spine.values.items()}
        return cls(integrals, projections, spine.frames, shapes)


def _projection(
    rng: Rng, angle_deg: float, off_deg: float, tilt_deg: float, middle_ras: NDArray[np.float64]
) -> Projection:
    angle, tilt, in_plane = rng.uniform(-1, 1, 3) * (off_deg, tilt_deg, _IN_PLANE_DEG)
    center = middle_ras + rng.uniform(-_ASIDE_MM, _ASIDE_MM, 3)
    sdd, sod = rng.uniform(*_SDD_MM), rng.uniform(*_SOD_MM)
    straight = Projection.from_carm(angle_deg + angle, tilt, center, sdd, sod, SIZE_PX, (PIXEL_MM, PIXEL_MM))
    return straight.perturbed([0, 0, 0, 0, 0, np.deg2rad(in_plane)])
