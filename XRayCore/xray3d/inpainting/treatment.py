"""What to do about metal on X-rays that are registered to a CT, or reconstructed from, which know nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import XRay3DError, about
from xray3d.registration.checks import checked_masks
from xray3d.volumes import XRayImage

if TYPE_CHECKING:  # PyTorch takes seconds to import, and need not be there where metal is kept
    from xray3d.inpainting.inpainter import Inpainter

Mask = NDArray[np.bool_]
Progress = Callable[[str, float], Any]
Treatment = Literal["keep", "mask", "inpaint", "both"]
TREATMENTS: tuple[Treatment, ...] = get_args(Treatment)


@dataclass(frozen=True, eq=False)
class Treated:
    """X-rays as they are to be used.

    Attributes:
        xrays: with implants painted over, where that was asked for.
        masks: for each X-ray (rows, cols), True where it is to be ignored, or None; None for no mask at all.
        implant_shares: of each X-ray's pixels the share, 0 to 1, that was taken for implants; none where they are kept.
    """

    xrays: list[XRayImage]
    masks: list[Mask | None] | None
    implant_shares: tuple[float, ...]


def treatment(name: str) -> Treatment:
    """What can be done about metal, by its name; XRay3DError where there is nothing of that name."""
    for known in TREATMENTS:
        if known == name:
            return known
    raise XRay3DError(f"Nothing called {name!r} can be done about implants; choose one of: {', '.join(TREATMENTS)}.")


def needs_networks(treatment: Treatment, masks: Sequence[Any]) -> bool:
    """Whether PyTorch has to be there.

    Args:
        masks: of each X-ray something that says where metal is, or None; empty for none of all.
    """
    if treatment == "mask":
        return not masks or any(mask is None for mask in masks)
    return treatment != "keep"


def treat_implants(
    xrays: Sequence[XRayImage],
    masks: Sequence[Mask | None] | None,
    treatment: Treatment,
    device: str = "cpu",
    progress: Progress = lambda doing, done: None,
) -> Treated:
    """Do something about metal; the X-rays that are given stay as they are.

    Args:
        masks: for each X-ray (rows, cols), True where there is metal, or None where that is to be found.
        treatment: "keep" changes nothing: what the masks cover is ignored, and metal elsewhere counts. "mask" ignores
            metal; "inpaint" paints what it hides, which counts then; "both" paints it and ignores it: nothing of it
            is left beside the mask.
        device: where networks work, "cpu", "cuda" or "cuda:N".
        progress: told what is being done and the share done; what it raises ends it.

    Raises:
        VolumeError: not one mask for each X-ray, one of another size, or over everything.
        ModelError: the model that comes with the library is not there.
        DeviceError: the device is not there.
    """
    given = list(checked_masks(xrays, masks))
    if treatment == "keep":
        return Treated(list(xrays), None if masks is None else given, ())
    inpainter = _inpainter(device) if needs_networks(treatment, given) else None
    treated = []
    for number, (xray, mask) in enumerate(zip(xrays, given, strict=True)):
        progress("Looking for implants" if mask is None else "Removing implants", number / len(xrays))
        treated.append(_treated(xray, mask, treatment, inpainter))
    ignored = [None if treatment == "inpaint" or not metal.any() else metal for _, metal in treated]
    return Treated([xray for xray, _ in treated], ignored, tuple(float(metal.mean()) for _, metal in treated))


def _inpainter(device: str) -> Inpainter:
    from xray3d.inpainting.inpainter import Inpainter

    return Inpainter.shipped(device)


def _treated(
    xray: XRayImage, mask: Mask | None, treatment: Treatment, inpainter: Inpainter | None
) -> tuple[XRayImage, Mask]:
    """An X-ray, painted unless it is only to be masked, and where its metal is."""
    if inpainter is None:
        return xray, np.asarray(mask) != 0
    with about(xray.name):
        if treatment == "mask":
            return xray, inpainter.find(xray).mask if mask is None else mask
        painted = inpainter.paint(xray, mask)
    return replace(xray, pixels=painted.pixels.astype(np.float32)), painted.mask
