"""A registration's result as files: registered X-rays, the transform for Slicer, all numbers, and pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import ArrayLike, NDArray

from xray3d.errors import OutputExistsError
from xray3d.files import stems
from xray3d.geometry.geometry_file import geometry_to_dict
from xray3d.registration.result import RegistrationResult, Verdict
from xray3d.volumes import XRayImage, save_xray
from xray3d.volumes.frames import lps_from_ras
from xray3d.volumes.xray_files import written_files

TRANSFORM_JSON, TRANSFORM_TFM, RESULT_JSON = "transform.json", "transform.tfm", "result.json"
_REGISTERED = "_registered"

Rgb = NDArray[np.uint8]


def output_images(folder: Path, xrays: Sequence[str | Path]) -> list[Path]:
    """Where the registered X-rays go: `<name>_registered.nrrd`, numbered where two X-rays have the same name."""
    return [folder / f"{stem}{_REGISTERED}.nrrd" for stem in stems(xrays)]


def output_files(images: Sequence[Path], verdict: Verdict = "accepted") -> list[Path]:
    """Every file that `save_registration` writes for these images: of a failure pictures and numbers, but no pose."""
    folder = images[0].parent
    judged = [*(overlay_file(image) for image in images), folder / RESULT_JSON]
    if verdict == "failed":
        return judged
    poses = [file for image in images for file in written_files(image)]
    return [*poses, folder / TRANSFORM_JSON, folder / TRANSFORM_TFM, *judged]


def overlay_file(image: Path) -> Path:
    """The picture beside a registered X-ray."""
    return image.with_name(f"{image.stem.removesuffix(_REGISTERED)}_overlay.png")


def save_registration(
    images: Sequence[Path],
    xrays: Sequence[XRayImage],
    result: RegistrationResult,
    overlays: Sequence[Rgb],
    notes: Mapping[str, Any],
) -> list[Path]:
    """Write everything into the folder of `images`, which is made where there is none; replaces what is there.

    Of a failed registration nothing is written that could be taken for a pose, and what an earlier one left under the
    same names is removed.

    Args:
        images: from `output_images`, one for each X-ray.
        xrays: as they were registered.
        overlays: RGB (rows, cols, 3), one for each X-ray.
        notes: what else result.json is to hold.

    Returns:
        What was written.

    Raises:
        OutputExistsError: the folder cannot be made or written to.
    """
    folder = images[0].parent
    written = output_files(images, result.verdict)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for outdated in set(output_files(images)) - set(written):
            outdated.unlink(missing_ok=True)
        if result.verdict != "failed":
            _save_poses(images, xrays, result)
        for image, overlay in zip(images, overlays, strict=True):
            sitk.WriteImage(sitk.GetImageFromArray(overlay, isVector=True), str(overlay_file(image)))
        _write_json({**result_to_dict(result), **notes}, folder / RESULT_JSON)
    except (OSError, RuntimeError) as failure:
        raise OutputExistsError(f"{folder} cannot be written to; check permissions and the space left.") from failure
    return written


def _save_poses(images: Sequence[Path], xrays: Sequence[XRayImage], result: RegistrationResult) -> None:
    for image, xray, projection in zip(images, xrays, result.projections, strict=True):
        save_xray(replace(xray, projection=projection), image, overwrite=True)
    folder = images[0].parent
    _write_json({"transform_ras": result.transform_ras.tolist()}, folder / TRANSFORM_JSON)
    save_transform(result.transform_ras, folder / TRANSFORM_TFM)


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
    values = {field.name: getattr(result, field.name) for field in fields(result)}
    values["converged"] = result.converged
    values["projections"] = [geometry_to_dict(projection) for projection in result.projections]
    return {name: finite_or_null(value) for name, value in values.items()}


def finite_or_null(value: Any) -> Any:
    """The value, arrays as lists, with None for every number that is not finite, which JSON has no word for."""
    if isinstance(value, (list, tuple)):
        return [finite_or_null(item) for item in value]
    if isinstance(value, np.ndarray):
        return finite_or_null(value.tolist())
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value


def _write_json(content: Mapping[str, Any], path: Path) -> None:
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
