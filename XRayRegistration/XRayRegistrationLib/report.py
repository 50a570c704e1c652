"""What is to be known of a registration, as it is kept in the scene."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

VERDICTS = ("accepted", "doubtful", "failed")


@dataclass(frozen=True)
class XRayReport:
    """One X-ray of a registration.

    Attributes:
        name: of its node.
        movedMm: how far it moved at the anatomy.
        turnedDeg: by how much it turned.
        alongMm: predicted standard error of the anatomy's position along this X-ray's central ray.
        acrossMm: across it.
        similarity: of this X-ray with the CT seen from the result, at most 1; None in scenes of earlier versions.
    """

    name: str
    movedMm: float
    turnedDeg: float
    alongMm: float
    acrossMm: float
    similarity: float | None = None


@dataclass(frozen=True)
class Report:
    """A registration.

    Attributes:
        verdict: one of `VERDICTS`.
        reason: one sentence: why.
        similarity: of the X-rays with the CT seen from the result, at most 1.
        usedShare: of the X-rays' pixels, 0 to 1.
        seconds: that it took.
        start: "current", "landmarks", "search" or "model".
        startWarning: one sentence about the landmarks it started from; mostly empty.
        xrays: one for each; none where it failed.
        inlierShare: of the points of a model it started from, how many agree with one pose, 0 to 1; else None.
        implantShares: of each X-ray's pixels, what was taken for implants, 0 to 1; none where these were kept.
    """

    verdict: str
    reason: str
    similarity: float
    usedShare: float
    seconds: float
    start: str
    startWarning: str
    xrays: tuple[XRayReport, ...]
    inlierShare: float | None = None
    implantShares: tuple[float, ...] = ()

    def toJson(self) -> str:
        """For a node."""
        return json.dumps(asdict(self))


def reportFromJson(text: str) -> Report | None:
    """Inverse of `Report.toJson`; None for what is no report."""
    try:
        stored = json.loads(text)
        xrays = tuple(XRayReport(**xray) for xray in stored.pop("xrays"))
        report = Report(**{**stored, "implantShares": tuple(stored.get("implantShares", ()))}, xrays=xrays)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return report if report.verdict in VERDICTS else None


def reportOf(result, start: str, startWarning: str, xrays, implantShares=()) -> Report:
    """The report of a RegistrationResult.

    Args:
        result: the library's RegistrationResult.
        start: where it started.
        startWarning: what was to be said about that.
        xrays: the XRayImages, with the geometry that they had in the scene.
        implantShares: of each X-ray's pixels, what was taken for implants; none where these were kept.
    """
    return Report(
        verdict=result.verdict,
        reason=result.reason,
        similarity=float(result.similarity),
        usedShare=float(result.used_share),
        seconds=float(result.seconds),
        start=start,
        startWarning=startWarning,
        xrays=() if result.verdict == "failed" else tuple(_xrayReport(n, xray, result) for n, xray in enumerate(xrays)),
        inlierShare=None if result.inlier_share is None else float(result.inlier_share),
        implantShares=tuple(implantShares),
    )


def _xrayReport(number: int, xray, result) -> XRayReport:
    import numpy as np

    from xray3d.geometry.poses import rotation_angle

    registered = result.projections[number]
    pivot = np.append(result.pivot_ras, 1.0)
    back = np.linalg.solve(xray.projection.extrinsic, registered.extrinsic)
    along, across = _errors(result.covariance[:3, :3], registered.viewing_direction_ras)
    return XRayReport(
        name=xray.name,
        movedMm=float(np.linalg.norm((back @ pivot - pivot)[:3])),
        turnedDeg=float(np.rad2deg(rotation_angle(back))),
        alongMm=along,
        acrossMm=across,
        similarity=float(result.similarities[number]),
    )


def _errors(covariance, direction) -> tuple[float, float]:
    """Standard errors (mm) along a unit vector (3,) and across it, of a covariance (3, 3)."""
    import numpy as np

    along = float(direction @ covariance @ direction)
    across = float(np.trace(covariance)) - along
    return float(np.sqrt(max(along, 0.0))), float(np.sqrt(max(across, 0.0)))
