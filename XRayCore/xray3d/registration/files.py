"""A registration's result as files: registered X-rays, the transform for Slicer, all numbers, and pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import ArrayLike, NDArray

from xray3d.errors import OutputExistsError
from xray3d.files import with_extension
from xray3d.geometry.geometry_file import geometry_to_dict
from xray3d.registration.result import RegistrationResult
from xray3d.volumes import XRayImage, save_xray
from xray3d.volumes.frames import lps_from_ras
from xray3d.volumes.xray_files import written_files

TRANSFORM_JSON, TRANSFORM_TFM, RESULT_JSON = "transform.json", "transform.tfm", "result.json"

Rgb = NDArray[np.uint8]


def output_images(folder: Path, xrays: Sequence[str | Path]) -> list[Path]:
    """Where the registered X-rays go: `<name>_registered.nrrd`, numbered where two X-rays have the same name."""
    stems = [with_extension(Path(Path(xray).name), "").name for xray in xrays]
    if len(set(stems)) < len(stems):
        stems = [f"{index + 1}_{stem}" for index, stem in enumerate(stems)]
    return [folder / f"{stem}_registered.nrrd" for stem in stems]


def output_files(images: Sequence[Path]) -> list[Path]:
    """Every file that `save_registration` writes for these images."""
    folder = images[0].parent
    of_views = [file for image in images for file in (*written_files(image), overlay_file(image))]
    return [*of_views, *(folder / name for name in (TRANSFORM_JSON, TRANSFORM_TFM, RESULT_JSON))]


def overlay_file(image: Path) -> Path:
    """The picture beside a registered X-ray."""
    return image.with_name(f"{image.stem}_overlay.png")


def save_registration(
    images: Sequence[Path],
    xrays: Sequence[XRayImage],
    result: RegistrationResult,
    overlays: Sequence[Rgb],
    notes: Mapping[str, Any],
) -> None:
    """Write everything into the folder of `images`, which is made where there is none; replaces what is there.

    Args:
        images: from `output_images`, one for each X-ray.
        xrays: as they were registered.
        overlays: RGB (rows, cols, 3), one for each X-ray.
        notes: what else result.json is to hold.

    Raises:
        OutputExistsError: the folder cannot be made or written to.
    """
    folder = images[0].parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for image, xray, projection, overlay in zip(images, xrays, result.projections, overlays, strict=True):
            save_xray(replace(xray, projection=projection), image, overwrite=True)
            sitk.WriteImage(sitk.GetImageFromArray(overlay, isVector=True), str(overlay_file(image)))
        _write_json({"transform_ras": result.transform_ras.tolist()}, folder / TRANSFORM_JSON)
        save_transform(result.transform_ras, folder / TRANSFORM_TFM)
        _write_json({**result_to_dict(result), **notes}, folder / RESULT_JSON)
    except (OSError, RuntimeError) as failure:
        raise OutputExistsError(f"{folder} cannot be written to; check permissions and the space left.") from failure


def save_transform(transform_ras: ArrayLike, path: Path) -> None:
    """Write a RAS-to-RAS transform (4, 4) as an ITK file, which Slicer loads as a linear transform node.

    ITK transforms are in LPS and lead from the space of the result back to that of what is moved, so the file holds
    the inverse; Slicer undoes both, and its node's transform to the parent is `transform_ras` again.
    """
    backward = lps_from_ras(np.linalg.inv(np.asarray(transform_ras, float))) @ lps_from_ras(np.eye(4))
    affine = sitk.AffineTransform(3)
    affine.SetMatrix(backward[:3, :3].ravel().tolist())
    affine.SetTranslation(backward[:3, 3].tolist())
    sitk.WriteTransform(affine, str(path))


def result_to_dict(result: RegistrationResult) -> dict[str, Any]:
    """Everything that the result says, in types that JSON knows; null for what is not finite."""
    fields = {
        "verdict": result.verdict,
        "reason": result.reason,
        "converged": result.converged,
        "similarity": result.similarity,
        "transform_ras": result.transform_ras,
        "projections": [geometry_to_dict(projection) for projection in result.projections],
        "covariance": result.covariance,
        "pivot_ras": result.pivot_ras,
        "error_along_mm": result.error_along_mm,
        "error_across_mm": result.error_across_mm,
        "used_share": result.used_share,
        "seconds": result.seconds,
    }
    return {name: finite_or_null(value) for name, value in fields.items()}


def finite_or_null(value: Any) -> Any:
    """The value, arrays as lists, with None for every number that is not finite, which JSON has no word for."""
    if isinstance(value, (list, tuple)):
        return [finite_or_null(item) for item in value]
    if isinstance(value, np.ndarray):
        return finite_or_null(value.tolist())
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value


def _write_json(fields: Mapping[str, Any], path: Path) -> None:
    path.write_text(json.dumps(fields, indent=2, allow_nan=False) + "\n", encoding="utf-8")
