"""Vertebrae found on a few X-rays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from torch import nn

from xray3d.errors import GeometryError, VolumeError
from xray3d.geometry.rays import are_of_one_direction, nearest_to_rays
from xray3d.reconstruction.body_middle import body_middle
from xray3d.reconstruction.level_finding.common_volume import box_seen_twice
from xray3d.reconstruction.level_finding.found import Found
from xray3d.reconstruction.level_finding.fusion import located
from xray3d.reconstruction.level_finding.lesson import NEAR_MM
from xray3d.reconstruction.level_finding.model import SHIPPED, load_network
from xray3d.reconstruction.level_finding.views import Evidence, View
from xray3d.reconstruction.reconstruct import Reconstructor
from xray3d.volumes import XRayImage

# What two X-rays do not show has no depth.
_LEAST_SEEN_BY = 2


class LevelLocator:
    """A network at work.

    Args:
        network: a `LevelNetwork` in evaluation mode.
        reconstructor: what reconstructs each vertebra that is found, so that its middle is that of a body and not only
            where heat maps meet; they are believed without.
    """

    def __init__(self, network: nn.Module, reconstructor: Reconstructor | None = None) -> None:
        self._network, self._reconstructor = network, reconstructor

    @classmethod
    def shipped(cls, device: str = "cpu") -> LevelLocator:
        """With the networks that come with the library.

        Raises:
            ModelError: there is none.
            DeviceError: the device is not there.
        """
        return cls(load_network(SHIPPED, device)[0], Reconstructor.shipped(device))

    def locate(self, xrays: Sequence[XRayImage]) -> list[Found]:
        """See `locate`."""
        _check(xrays)
        box = box_seen_twice(xrays)
        middle = box.mean(axis=0)
        rays = middle - np.stack([xray.projection.source_ras for xray in xrays])
        directions = rays / np.linalg.norm(rays, axis=1, keepdims=True)
        if are_of_one_direction(nearest_to_rays(middle - rays, directions)[1]):
            raise GeometryError("The X-rays are from one direction, and depth is not known; add one from another.")
        evidence = [Evidence.of(View.of(xray, middle), self._network) for xray in xrays]
        return [self._centred(one, xrays) for one in located(evidence, box) if one.seen_by >= _LEAST_SEEN_BY]

    def _centred(self, one: Found, xrays: Sequence[XRayImage]) -> Found:
        """The same vertebra with its middle where that of its body is, if it can be told."""
        seeing = [xray for xray in xrays if xray.projection.sees(one.middle_ras)]
        if self._reconstructor is None or not seeing:
            return one
        middle = body_middle(self._reconstructor.reconstruct(seeing, one.middle_ras))
        if middle is None or np.linalg.norm(middle - one.middle_ras) > NEAR_MM:
            return one
        return replace(one, middle_ras=middle)


def locate(xrays: Sequence[XRayImage], device: str = "cpu") -> list[Found]:
    """Find T12 and L1 to L5.

    On each X-ray a network says where the middles of their bodies are; this is carried back into space by the X-rays'
    geometry, where the column is looked for of which all of them together say most. The vertebrae of it are then
    reconstructed, and the middles of their bodies taken.

    Args:
        xrays: two or more from different directions, on any grey scale, attenuation bright or dark, of a patient along
            the axes of RAS.
        device: "cpu", "cuda" or "cuda:N".

    Returns:
        Those that two X-rays show, from head to foot; there may be none.

    Raises:
        VolumeError: no X-ray, or one that shows nothing.
        GeometryError: one X-ray, X-rays from one direction, or one that sees nothing of what the others see.
        ModelError: no network comes with the library.
        DeviceError: the device is not there.
    """
    return _shipped(device).locate(xrays)


def _check(xrays: Sequence[XRayImage]) -> None:
    if not xrays:
        raise VolumeError("There is no X-ray to find vertebrae on; give at least two.")
    if len(xrays) < 2:
        raise GeometryError("From one X-ray depth cannot be known; add one from another direction.")
    for xray in xrays:
        if not np.ptp(xray.pixels) > 0:
            raise VolumeError(f"{xray.name} has one grey value; choose another X-ray.")


@lru_cache(maxsize=2)
def _shipped(device: str) -> LevelLocator:
    return LevelLocator.shipped(device)
