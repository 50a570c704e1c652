"""Registration without a start: the model says where the X-rays are from, the intensities say it exactly."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xray3d.errors import BlankXRayError, NotRecognisedError, OutOfViewError
from xray3d.registration.checks import Search, check_search
from xray3d.registration.objective import RelativeError
from xray3d.registration.register import Progress, Registrar
from xray3d.registration.result import RegistrationResult, not_registered
from xray3d.registration.scene_regression.locating import Located, Locator
from xray3d.volumes import XRayImage

# Shares done.
_LOCATED, _REFINED = 0.5, 0.6
# What a search finds looks like the X-rays at least so much of what it does from where the model put them: intensities
# compare what both show there, which may be a few pixels; the likeness counts all.
_LEAST_OF_LIKENESS = 0.75


@dataclass(frozen=True, eq=False)
class ModelRegistration:
    """A registration that a model began.

    Attributes:
        result: with `inlier_share`; its transform starts from the X-rays' own projections.
        located: what the model said; None where it recognised nothing.
    """

    result: RegistrationResult
    located: Located | None


def register_with_model(
    registrar: Registrar,
    locator: Locator,
    xrays: Sequence[XRayImage],
    *,
    masks: Sequence[NDArray[np.bool_] | None] | None = None,
    search: Search = "auto",
    relative_error: RelativeError | None = None,
    progress: Progress = lambda doing, done: None,
    seed: int = 0,
) -> ModelRegistration:
    """Register X-rays whatever pose they have themselves; only their geometry relative to each other counts.

    Args:
        registrar: of the CT that the model knows.
        locator: where to start from.
        xrays, masks, relative_error, progress, seed: as those of `Registrar.register`.
        search: the same, where what the model leads to is not accepted; what is found counts only if that is.

    Returns:
        A registration that failed where the model does not recognise the anatomy, takes it for what the CT does not
        cover, or an X-ray is blank. One that failed later leaves the X-rays where the model put them.

    Raises:
        GeometryError, VolumeError: as `Registrar.register`.
    """
    started = time.perf_counter()
    check_search(search)
    progress("Recognising the anatomy", 0.0)
    try:
        located = locator.locate(xrays, masks, seed, lambda: progress("Comparing with the CT", 0.3 * _LOCATED))

        def registered(how: Search, begins: float, ends: float) -> RegistrationResult:
            return registrar.register(
                xrays,
                located.projections,
                masks=masks,
                search=how,
                relative_error=relative_error,
                progress=lambda doing, done: progress(doing, begins + (ends - begins) * done),
                seed=seed,
            )

        result = registered("off", _LOCATED, _REFINED)
        if result.verdict != "accepted" and search != "off":
            # What a search that is not sure of it either finds elsewhere is more likely wrong than what the model saw.
            searched = registered(search, _REFINED, 1.0)
            if searched.verdict == "accepted" and _is_as_alike(locator, located, searched):
                result = searched
        if result.verdict == "failed":
            result = not_registered(located.projections, result.reason, result.seconds)
    except (BlankXRayError, NotRecognisedError, OutOfViewError) as wrong:
        own = [xray.projection for xray in xrays]
        return ModelRegistration(not_registered(own, str(wrong), time.perf_counter() - started), None)
    whole = replace(
        result,
        transform_ras=result.transform_ras @ located.pose.transform_ras,
        inlier_share=located.pose.inlier_share,
        seconds=time.perf_counter() - started,
    )
    return ModelRegistration(whole, located)


def _is_as_alike(locator: Locator, located: Located, found: RegistrationResult) -> bool:
    """Whether the CT looks about as much like X-rays from where they were found as from where the model put them."""
    there, before = (locator.likeness(located, views) for views in (found.projections, located.projections))
    return there >= _LEAST_OF_LIKENESS * before
