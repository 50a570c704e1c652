"""The pose adjusted by hand, in the directions of the view that the user looks at."""

from __future__ import annotations

from dataclasses import dataclass

# Between source and detector, with room to either.
_DEPTH_OF_ANATOMY = (0.1, 0.95)
_DECIMALS = 6


@dataclass(frozen=True)
class Adjustment:
    """How the anatomy is moved against the X-ray that is shown, as it appears in the slice view.

    Attributes:
        rightMm: to the right, at the anatomy.
        downMm: down.
        depthMm: away from the source, towards the detector.
        tiltDeg: the top of the anatomy towards the detector.
        turnDeg: its right side towards the detector.
        rotateDeg: clockwise.
    """

    rightMm: float = 0.0
    downMm: float = 0.0
    depthMm: float = 0.0
    tiltDeg: float = 0.0
    turnDeg: float = 0.0
    rotateDeg: float = 0.0

    @property
    def isNone(self) -> bool:
        """Whether nothing is moved."""
        return self == Adjustment()


def motionOfXRays(adjustment: Adjustment, projection, pivotRas, mirrored: bool):
    """The rigid motion (4, 4), RAS to RAS in mm, that moves the X-rays as the anatomy was to move the other way.

    Args:
        projection: of the X-ray that is shown.
        pivotRas: (3,) mm, the point that turns leave where it is.
        mirrored: whether the view shows the image with its columns running to the left.
    """
    import numpy as np

    from xray3d.geometry.poses import about, se3_exp

    side = -1.0 if mirrored else 1.0
    a = adjustment
    # Camera axes: x right, y down, z to the detector. A positive turn about x brings y, below, towards z; one about y
    # brings x away from z; one about z brings x towards y, which is clockwise.
    turns = np.deg2rad([-a.tiltDeg, -side * a.turnDeg, side * a.rotateDeg])
    turn = se3_exp([0, 0, 0, *turns])
    turn[:3, 3] = side * a.rightMm, a.downMm, a.depthMm
    moved = about((projection.extrinsic @ [*pivotRas, 1.0])[:3], turn)
    return np.linalg.solve(projection.extrinsic, np.linalg.solve(moved, projection.extrinsic))


def adjustmentOf(motion, projection, pivotRas, mirrored: bool) -> Adjustment:
    """Inverse of `motionOfXRays`, without the rounding errors that a panel would show."""
    import numpy as np
    from scipy.spatial.transform import Rotation

    side = -1.0 if mirrored else 1.0
    moved = projection.extrinsic @ np.linalg.solve(motion, np.linalg.inv(projection.extrinsic))
    pivot = (projection.extrinsic @ [*pivotRas, 1.0])[:3]
    right, down, depth = np.round(moved[:3, 3] - pivot + moved[:3, :3] @ pivot, _DECIMALS) + 0.0
    turns = np.rad2deg(Rotation.from_matrix(moved[:3, :3]).as_rotvec())
    tilt, turn, rotate = np.round(turns, _DECIMALS) + 0.0
    return Adjustment(
        float(side * right), float(down), float(depth), float(-tilt), float(-side * turn), float(side * rotate)
    )


def pivotOf(projection, centerRas):
    """The point (3,) RAS in mm that turns leave where it is: in the image's middle, as deep as the CT's centre."""
    import numpy as np

    rows, columns = projection.size_px
    depth = (np.asarray(centerRas, float) - projection.source_ras) @ projection.viewing_direction_ras
    between = np.clip(depth, *np.multiply(_DEPTH_OF_ANATOMY, projection.sdd_mm))
    return projection.unproject([(columns - 1) / 2, (rows - 1) / 2], between)
