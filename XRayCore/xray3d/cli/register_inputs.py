"""What `xray3d register` is given, read and checked before the work begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xray3d.cli.masks import check_count, read_mask
from xray3d.cli.options import check_folder, check_output
from xray3d.errors import GeometryError, NoGeometryError, VolumeError

if TYPE_CHECKING:
    from xray3d.geometry import Projection
    from xray3d.inpainting.treatment import Treatment
    from xray3d.registration.landmark_pairs import LandmarkPairs
    from xray3d.registration.landmarks import LandmarkPose
    from xray3d.registration.register import RelativeError
    from xray3d.volumes import LabelVolume, XRayImage


@dataclass(frozen=True, eq=False)
class Inputs:
    """The X-rays and all that was said about them.

    Attributes:
        xrays: with the geometry of their own.
        initial: where each of them starts.
        masks: for each X-ray (rows, cols), True where it is to be ignored; None without masks.
        implants: what is done about metal.
        landmarks: the pose that landmarks gave, None without them; `landmark_names` (n,) are theirs.
    """

    xrays: list[XRayImage]
    initial: list[Projection]
    masks: list[NDArray[np.bool_]] | None
    relative_error: RelativeError | None
    implants: Treatment
    landmarks: LandmarkPose | None
    landmark_names: tuple[str, ...]


def check_outputs(folder: Path, views: Sequence[Path], overwrite: bool) -> list[Path]:
    """Where the registered X-rays go.

    Raises:
        OutputExistsError: something that would be written exists already and is not to be overwritten, or the folder
            is a file or cannot be written to.
    """
    from xray3d.registration.files import output_files, output_images

    check_folder(folder)
    images = output_images(folder, views)
    for file in output_files(images) if folder.is_dir() else []:
        check_output(file, overwrite)
    return images


def read_inputs(
    views: Sequence[Path],
    starts: Sequence[Path],
    landmarks: Sequence[Path],
    angles_known: bool,
    masks: Sequence[Path],
    relative_error: tuple[float, float] | None,
    implants: str,
) -> Inputs:
    """Read X-rays, starts, landmarks and masks.

    Raises:
        GeometryError, VolumeError: one sentence that names the file and what to do.
        XRay3DError: something else to be done about implants than there is.
    """
    from xray3d.inpainting.treatment import treatment
    from xray3d.registration.landmarks import pose_from_landmarks
    from xray3d.registration.register import RelativeError

    about_metal = treatment(implants)
    xrays, initial = _xrays_and_starts(views, starts)
    ignored = _masks(masks, xrays)
    allowed = None if relative_error is None else RelativeError(*relative_error)
    if not landmarks:
        if not angles_known:
            raise GeometryError("--angles-unknown is for a start from landmarks; add --landmarks with their files.")
        return Inputs(xrays, initial, ignored, allowed, about_metal, None, ())
    pairs = _pairs(landmarks, xrays)
    pose = pose_from_landmarks(initial, pairs.points_ras, pairs.pixels, angles_known=angles_known, names=pairs.names)
    return Inputs(xrays, list(pose.projections), ignored, allowed, about_metal, pose, pairs.names)


def region_of(path: Path | None, labels: Sequence[int]) -> LabelVolume | None:
    """The bone to register on: the chosen labels of a label map, or all of it.

    Raises:
        VolumeError: labels without a label map, or that the label map has not.
    """
    from xray3d import LabelVolume, load_labels

    if path is None:
        if labels:
            raise VolumeError("--label chooses from a label map; add --region with its file.")
        return None
    volume = load_labels(path)
    present = np.unique(volume.labels)
    missing = sorted(set(labels) - set(present.tolist()))
    if missing:
        raise VolumeError(f"{path} has no label {missing[0]}; it has {', '.join(map(str, present[present != 0]))}.")
    kept = np.isin(volume.labels, labels) if labels else volume.labels != 0
    return LabelVolume(kept.astype(np.uint8), volume.ijk_to_ras, volume.name)


def _xrays_and_starts(views: Sequence[Path], starts: Sequence[Path]) -> tuple[list[XRayImage], list[Projection]]:
    """X-rays and their starting poses; a single start for several X-rays moves them all as it moves the first."""
    if len(starts) not in (0, 1, len(views)):
        raise GeometryError(f"There are {len(starts)} starts for {len(views)} X-rays; give one, or one for each.")
    for_each = [*starts, *[None] * (len(views) - len(starts))]
    xrays = [_load(view, start) for view, start in zip(views, for_each, strict=True)]
    own = [xray.projection for xray in xrays]
    poses = [_pose(start, xray) for start, xray in zip(for_each, xrays, strict=True)]
    if len(starts) != 1:
        return xrays, poses
    to_start = np.linalg.inv(poses[0].extrinsic) @ own[0].extrinsic
    return xrays, [projection.moved(to_start) for projection in own]


def _load(view: Path, start: Path | None) -> XRayImage:
    """The X-ray with the geometry of its own; where it has none, with that of its start."""
    from xray3d import load_xray

    try:
        return load_xray(view)
    except NoGeometryError as wrong:
        if start is None:
            raise GeometryError(
                f"{view} has no complete geometry of its own; give it with --start, as a JSON, P-matrix or DICOM file."
            ) from wrong
        return load_xray(view, start)


def _pose(start: Path | None, xray: XRayImage) -> Projection:
    from xray3d import load_geometry

    if start is None:
        return xray.projection
    own = xray.projection
    pose = load_geometry(start, size_px=own.size_px, pixel_mm=own.pixel_mm)
    return replace(own, extrinsic=pose.extrinsic)


def _masks(paths: Sequence[Path], xrays: Sequence[XRayImage]) -> list[NDArray[np.bool_]] | None:
    check_count(paths, len(xrays))
    return [read_mask(path, xray.pixels.shape, xray.name) for path, xray in zip(paths, xrays, strict=False)] or None


def _pairs(paths: Sequence[Path], xrays: Sequence[XRayImage]) -> LandmarkPairs:
    """Landmarks from one file of pairs, or from the CT's point list and one of each X-ray."""
    from xray3d.geometry.markups import is_markups, load_point_list
    from xray3d.registration.landmark_files import load_pairs
    from xray3d.registration.landmark_pairs import pair_landmarks

    if len(paths) == 1 and not is_markups(paths[0]):
        return load_pairs(paths[0], len(xrays))
    if len(paths) != 1 + len(xrays):
        raise GeometryError(
            f"--landmarks takes one JSON file of pairs, or the CT's point list and then one for each X-ray: "
            f"{1 + len(xrays)} files here, not {len(paths)}."
        )
    in_ct, *on_xrays = [load_point_list(path) for path in paths]
    # Points on a receptor go with where the X-ray stands by itself, not with where it is to start.
    return pair_landmarks(in_ct, on_xrays, [xray.projection for xray in xrays])
