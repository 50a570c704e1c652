"""Labelled spines to learn from: real ones from files, others found in CTs without labels, and synthetic ones."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xray3d.datasets.labelled_cts import VALUES, LabelledCT
from xray3d.datasets.spine_finder import find_vertebrae
from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine
from xray3d.datasets.variety import Variety
from xray3d.errors import VolumeError
from xray3d.reconstruction.scenes import LEVELS, LabelledSpine
from xray3d.volumes import CTVolume, load_ct, load_labels
from xray3d.volumes.labels import LabelVolume

_SPACING_MM = 1.2


def real_spines(files: Iterable[LabelledCT]) -> Iterator[LabelledSpine]:
    """Read them one after the other; those without a whole vertebra of `LEVELS` are left out, and unreadable ones.

    Warns:
        UserWarning: one sentence on each that is left out.
    """
    for one in files:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what these CTs lack makes them no less of patients
                ct, labels = load_ct(one.ct), load_labels(one.labels)
            yield LabelledSpine.of_labels(ct, labels, VALUES)
        except VolumeError as failure:
            warnings.warn(f"{one.name} is left out: {failure}", stacklevel=2)


def found_spine(ct: CTVolume, lowest: str) -> LabelledSpine:
    """That of a CT without labels, as `find_vertebrae` finds it.

    The arch of the lowest vertebra is hard to tell from the sacrum; where its middle is, is known, but not its shape.

    Args:
        lowest: of `LEVELS`, the lowest vertebra that is found; those above follow.

    Raises:
        VolumeError: no other vertebra is found.
    """
    found = find_vertebrae(ct)
    names = LEVELS[: LEVELS.index(lowest) + 1]
    vertebrae = dict(zip(reversed(names), reversed(found.vertebrae), strict=False))
    if len(vertebrae) < 2:
        raise VolumeError(f"{ct.name} does not show two whole vertebrae; choose another CT.")
    values = {level: one.label for level, one in vertebrae.items() if level != lowest and one.is_whole}
    return LabelledSpine(ct, found.labels, values, {level: one.to_ras for level, one in vertebrae.items()})


def stretched(spine: LabelledSpine, factors: ArrayLike, is_mirrored: bool = False) -> LabelledSpine:
    """The spine of somebody larger or smaller.

    Args:
        factors: (3,) along x, y and z of RAS.
        is_mirrored: whether left and right are exchanged.
    """
    stretch = np.diag([*np.asarray(factors, float), 1.0])
    stretch[0, 0] *= -1 if is_mirrored else 1
    frames = {level: _upright(stretch @ frame, is_mirrored) for level, frame in spine.frames.items()}
    name = f"{spine.ct.name}, another size{', mirrored' if is_mirrored else ''}"
    ct, labels = (
        _right_handed(values, stretch @ volume.ijk_to_ras)
        for values, volume in ((spine.ct.hu, spine.ct), (spine.labels.labels, spine.labels))
    )
    return LabelledSpine(CTVolume(*ct, name), LabelVolume(*labels, f"{name} labels"), spine.values, frames)


def _upright(frame: NDArray[np.float64], is_mirrored: bool) -> NDArray[np.float64]:
    """The rigid frame next to one that was stretched; its x goes to the right again."""
    left, _, right = np.linalg.svd(frame[:3, :3] * ([-1, 1, 1] if is_mirrored else [1, 1, 1]))
    rigid = frame.copy()
    rigid[:3, :3] = left @ right
    return rigid


def _right_handed(values: NDArray[Any], ijk_to_ras: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The same volume with its rows of voxels (K, J, I) turned round where its axes are left-handed."""
    if np.linalg.det(ijk_to_ras[:3, :3]) > 0:
        return values, ijk_to_ras
    turn = np.diag([-1.0, 1.0, 1.0, 1.0])
    turn[0, 3] = values.shape[2] - 1
    return np.ascontiguousarray(values[:, :, ::-1]), ijk_to_ras @ turn


def synthetic_spines(count: int, first_seed: int, variety: Variety | None = None) -> Iterator[LabelledSpine]:
    """So many, of seeds one after the other.

    Args:
        variety: of what their vertebrae are made; of formulas without.
    """
    for seed in range(first_seed, first_seed + count):
        yield LabelledSpine.of_synthetic(synthetic_lumbar_spine(seed, _SPACING_MM, variety=variety or Variety()))
