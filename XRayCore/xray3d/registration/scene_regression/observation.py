"""X-rays of any size, scale and polarity to the network's pictures, and its answers to scene-coordinate maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from xray3d.geometry import Projection
from xray3d.registration.scene_correspondences import SceneCoordinateMaps
from xray3d.registration.scene_regression.conventions import (
    COORDINATE_MM,
    FINENESS,
    MULTIPLE,
    PIXEL_MM,
    REFERENCE_SDD_MM,
    SIZE_PX,
    STRIDE,
)
from xray3d.registration.scene_regression.correlation import likeness
from xray3d.registration.scene_regression.guess import Guess, guess_images, guess_of
from xray3d.registration.scene_regression.network import Prediction, SceneCoordinateNetwork
from xray3d.registration.scene_regression.patient import PatientRenderer
from xray3d.registration.scene_regression.picture import network_input
from xray3d.registration.views import View

# Pixels of an X-ray are shown to the network at the angle at which it was trained, or up to three times as fine.
_MOST_ZOOM = 3.0
_LEAST_USABLE = 0.9
# Points less sure than this say next to nothing of a pose.
_MOST_SIGMA_MM = 15.0


@dataclass(frozen=True, eq=False)
class Picture:
    """What the network is shown of an X-ray.

    Attributes:
        image: (rows, cols) float32, sides multiples of `MULTIPLE`.
        usable: (rows, cols) float32, 1 or 0.
        projection: of the maps, a `STRIDE`-th of that size.
    """

    image: NDArray[np.float32]
    usable: NDArray[np.float32]
    projection: Projection


def picture_of(view: View, projection: Projection, fineness: int = 1) -> Picture:
    """The exposed part of an X-ray at the scale at which networks were trained, or so many times as fine."""
    rows, columns = (_extent(view.usable.sum(axis=other)) for other in (1, 0))
    part = projection.cropped(rows, columns)
    image, usable = view.pixels[rows, columns], view.usable[rows, columns].astype(np.float32)
    angles = np.multiply(part.size_px, part.pixel_mm) / part.sdd_mm
    sides = angles / (PIXEL_MM / REFERENCE_SDD_MM)
    sides *= fineness * np.clip(SIZE_PX / sides.max(), 1.0, _MOST_ZOOM)
    size = tuple(max(1, round(side)) for side in sides)
    filled = [-side % MULTIPLE for side in size]
    small, share = (
        np.pad(cv2.resize(array, size[::-1], interpolation=cv2.INTER_AREA), [(0, fill) for fill in filled])
        for array in (image, usable)
    )
    padded = (size[0] + filled[0], size[1] + filled[1])
    of_picture = replace(part.resampled(size), size_px=padded)
    of_maps = of_picture.resampled((padded[0] // STRIDE, padded[1] // STRIDE))
    return Picture(np.float32(small), np.float32(share > _LEAST_USABLE), of_maps)


@dataclass(frozen=True, eq=False)
class Shown:
    """An X-ray as it lies on the networks' device.

    Attributes:
        picture: (1, 3, rows, cols) of `network_input`.
        usable: (rows, cols) of the maps: which of their pixels count, 0 to 1.
        projection: of the maps.
    """

    picture: Tensor
    usable: Tensor
    projection: Projection

    @property
    def inverted(self) -> Shown:
        """The same with bright and dark exchanged."""
        grey, contrast, counts = self.picture.unbind(1)
        return replace(self, picture=torch.stack([-grey, -contrast, counts], dim=1))


def show(picture: Picture, device: torch.device) -> Shown:
    """A picture in which bone is bright, to the networks."""
    images, usable = (torch.from_numpy(array)[None].to(device) for array in (picture.image, picture.usable))
    share = F.avg_pool2d(usable[:, None], STRIDE)[0, 0]
    return Shown(network_input(images, usable), share, picture.projection)


def coarser(shown: Shown) -> Shown:
    """The same on pixels `FINENESS` times as large."""
    whole, _, usable = (F.avg_pool2d(channel, FINENESS)[:, 0] for channel in shown.picture.split(1, dim=1))
    share = F.avg_pool2d(shown.usable[None, None], FINENESS)[0, 0]
    rows, columns = share.shape
    counts = (usable > _LEAST_USABLE).to(whole.dtype)
    return Shown(network_input(whole, counts), share, shown.projection.resampled((rows, columns)))


def recognise(network: SceneCoordinateNetwork, center_ras: NDArray[np.float64], shown: Shown) -> SceneCoordinateMaps:
    """What the network makes of an X-ray."""
    with torch.inference_mode():
        return _maps(network(shown.picture), shown.usable, center_ras)[0]


def guess_from(patient: PatientRenderer, shown: Shown, projections: Sequence[Projection]) -> Guess:
    """What the CT would look like, had the X-ray been taken from each of these.

    Args:
        projections: with the intrinsics of `Shown.projection`.
    """
    rows, columns = shown.picture.shape[2:]
    return guess_of(patient.render([one.resampled((rows, columns)) for one in projections]), patient.center_ras)


def likeness_from(patient: PatientRenderer, shown: Shown, projections: Sequence[Projection]) -> Tensor:
    """(n,): how much the CT looks like the X-ray from each of these.

    Args:
        projections: with the intrinsics of `Shown.projection`, or of any other size of it.
    """
    rows, columns = shown.picture.shape[2:]
    integrals = patient.line_integrals([one.resampled((rows, columns)) for one in projections])
    return likeness(shown.picture, guess_images(*integrals))


def compare(
    network: SceneCoordinateNetwork, center_ras: NDArray[np.float64], shown: Shown, guessed: Guess
) -> list[SceneCoordinateMaps]:
    """What the network makes of the X-ray beside each of the guesses of it."""
    pictures = shown.picture.expand(len(guessed.images), -1, -1, -1)
    with torch.inference_mode():
        return _maps(network(pictures, guessed), shown.usable, center_ras)


def _maps(prediction: Prediction, usable: Tensor, center_ras: NDArray[np.float64]) -> list[SceneCoordinateMaps]:
    """The maps of each prediction for one X-ray."""
    points = prediction.points.permute(0, 2, 3, 1).double().cpu().numpy() * COORDINATE_MM + np.tile(center_ras, 2)
    sigma_mm = COORDINATE_MM * torch.exp(prediction.log_sigma[:, ::2]).double().cpu().numpy()
    there = ((prediction.bone > 0) & (usable > 0.5)).cpu().numpy()
    return [
        SceneCoordinateMaps(at[..., :3], at[..., 3:], entry, leave, valid & (np.maximum(entry, leave) < _MOST_SIGMA_MM))
        for at, (entry, leave), valid in zip(points, sigma_mm, there, strict=True)
    ]


def _extent(counts: NDArray[np.int_]) -> slice:
    there = np.flatnonzero(counts)
    return slice(int(there[0]), int(there[-1]) + 1)
