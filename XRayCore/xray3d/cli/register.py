"""`xray3d register`: X-rays into the frame of a CT."""

from __future__ import annotations

import json as json_format
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from xray3d.cli.options import DeviceOption, JsonOption, OverwriteOption
from xray3d.cli.register_inputs import Inputs, check_outputs, read_inputs, region_of

if TYPE_CHECKING:
    from xray3d.registration.result import RegistrationResult

_START, _ATTENTION = "Where the X-rays start", "What counts"
_EXIT_FAILED = 3
# Of the progress bar: reading and preparing the CT, registering, and drawing the pictures take about these shares.
_PREPARED, _REGISTERED = 0.1, 0.95


class Search(str, Enum):
    """How far around the start to look."""

    off = "off"
    auto = "auto"
    wide = "wide"


def register(
    ct: Annotated[Path, typer.Argument(help="NIfTI, NRRD or MHA file, or a folder with a DICOM series.")],
    views: Annotated[list[Path], typer.Argument(help="X-rays, each with its geometry (view.json beside view.nrrd).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for everything that is written.")],
    start: Annotated[
        list[Path] | None,
        typer.Option(
            help="Geometry file with the pose to start from: one for each X-ray, in their order, or one for the first, "
            "which the others follow.",
            rich_help_panel=_START,
        ),
    ] = None,
    landmarks: Annotated[
        Path | None,
        typer.Option(
            help="Start from a JSON file of points, each with its name, ras (x, y, z in mm) and pixels (column and "
            "row, or null, for each X-ray).",
            rich_help_panel=_START,
        ),
    ] = None,
    search: Annotated[
        Search,
        typer.Option(
            help="off: refine the start only; auto: search around it where it is not enough; wide: the start means "
            "nothing.",
            rich_help_panel=_START,
        ),
    ] = Search.auto,
    mask: Annotated[
        list[Path] | None,
        typer.Option(help="What to ignore, such as metal, is not 0; one for each X-ray.", rich_help_panel=_ATTENTION),
    ] = None,
    region: Annotated[
        Path | None,
        typer.Option(help="Label map of the bone to register on, such as one vertebra.", rich_help_panel=_ATTENTION),
    ] = None,
    label: Annotated[
        list[int] | None,
        typer.Option(
            help="Which of its labels; may be given again.", show_default="all but 0", rich_help_panel=_ATTENTION
        ),
    ] = None,
    relative_error: Annotated[
        tuple[float, float] | None,
        typer.Option(
            help="Standard deviations in mm and degrees by which one X-ray may be off the others.",
            show_default="none",
            rich_help_panel=_ATTENTION,
        ),
    ] = None,
    device: DeviceOption = "cpu",
    json: JsonOption = False,
    overwrite: OverwriteOption = False,
) -> None:
    """Register X-rays to a CT: one rigid motion of all of them, how sure it is, and pictures to judge it by.

    Writes the X-rays with their registered geometry, the transform from their start (as .json, and as .tfm, which
    Slicer loads), result.json and, for each X-ray, a picture. Exit code 3 when the registration failed.
    """
    images = check_outputs(output, views, overwrite)
    inputs = read_inputs(views, start or [], landmarks, mask or [], relative_error)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("loading the CT", total=1.0)

        def progress(doing: str, done: float) -> None:
            bar.update(task, description=doing, completed=done)

        result = _register_and_save(ct, region, label or [], device, search.value, inputs, images, progress)
    report = {**_report(result, inputs), "files": [str(image) for image in images], "folder": str(output)}
    print(json_format.dumps(report) if json else _in_words(result, inputs, output))
    if result.verdict == "failed":
        raise typer.Exit(_EXIT_FAILED)


def _register_and_save(
    ct: Path,
    region: Path | None,
    labels: list[int],
    device: str,
    search: Any,
    inputs: Inputs,
    images: list[Path],
    progress: Any,
) -> RegistrationResult:
    from xray3d import DRRRenderer, load_ct
    from xray3d.registration.files import save_registration
    from xray3d.registration.overlay import before_and_after
    from xray3d.registration.register import Registrar

    bone = region_of(region, labels)
    volume = load_ct(ct)
    result = Registrar(volume, device, bone).register(
        inputs.xrays,
        inputs.initial,
        masks=inputs.masks,
        search=search,
        relative_error=inputs.relative_error,
        progress=lambda doing, done: progress(doing, _PREPARED + done * (_REGISTERED - _PREPARED)),
    )
    progress("drawing the pictures", _REGISTERED)
    renderer = DRRRenderer(volume, device)
    poses = zip(inputs.xrays, inputs.initial, result.projections, strict=True)
    overlays = [before_and_after(renderer, *pose) for pose in poses]
    save_registration(images, inputs.xrays, result, overlays, _notes(inputs))
    return result


def _notes(inputs: Inputs) -> dict[str, Any]:
    """What result.json holds beside the result: which X-rays, where they started, and how landmarks fitted."""
    from xray3d.geometry.geometry_file import geometry_to_dict
    from xray3d.registration.files import finite_or_null

    notes: dict[str, Any] = {
        "xrays": [xray.name for xray in inputs.xrays],
        "initial": [geometry_to_dict(projection) for projection in inputs.initial],
    }
    if inputs.landmarks is not None:
        pose = inputs.landmarks
        notes["landmarks"] = [
            {"name": name, "residual_px": finite_or_null(px), "residual_mm": finite_or_null(mm)}
            for name, px, mm in zip(inputs.landmark_names, pose.residuals_px.T, pose.residuals_mm.T, strict=True)
        ]
        notes["landmarks_warning"] = pose.warning
    return notes


def _report(result: RegistrationResult, inputs: Inputs) -> dict[str, Any]:
    from xray3d.registration.files import result_to_dict

    return {**result_to_dict(result), **_notes(inputs)}


def _in_words(result: RegistrationResult, inputs: Inputs, output: Path) -> str:
    turn = np.degrees(np.arccos(np.clip((np.trace(result.transform_ras[:3, :3]) - 1) / 2, -1, 1)))
    pivot = np.append(result.pivot_ras, 1)
    shift_mm = np.linalg.norm((result.transform_ras @ pivot - pivot)[:3])
    lines = [
        f"{result.verdict}: {result.reason}",
        f"Moved by {shift_mm:.1f} mm and {turn:.1f}°, similarity {result.similarity:.2f}, in {result.seconds:.1f} s; "
        f"standard error {result.error_across_mm:.2f} mm across and {result.error_along_mm:.2f} mm along the ray.",
        *_landmarks_in_words(inputs),
        f"{output}: registered X-rays, transform.tfm for Slicer, result.json and pictures.",
    ]
    return "\n".join(lines)


def _landmarks_in_words(inputs: Inputs) -> list[str]:
    if inputs.landmarks is None:
        return []
    pose = inputs.landmarks
    lines = [
        f"{name} started {pose.residuals_mm[view, index]:.1f} mm ({pose.residuals_px[view, index]:.1f} px) off on "
        f"{inputs.xrays[view].name}."
        for index, name in enumerate(inputs.landmark_names)
        for view in np.flatnonzero(np.isfinite(pose.residuals_mm[:, index]))
    ]
    return [*lines, pose.warning] if pose.warning else lines
