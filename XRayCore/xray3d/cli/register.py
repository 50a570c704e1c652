"""`xray3d register`: X-rays into the frame of a CT."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from xray3d.cli.options import DeviceOption, JsonOption, OverwriteOption
from xray3d.cli.register_inputs import Inputs, check_outputs, read_inputs, region_of
from xray3d.errors import ModelError

if TYPE_CHECKING:
    from xray3d.registration.register import Registrar
    from xray3d.registration.result import RegistrationResult
    from xray3d.volumes import LabelVolume, XRayImage

_START, _ATTENTION = "Where the X-rays start", "What counts"
_EXIT_FAILED = 3
# Of the progress bar: shares done when the CT is read, when it is prepared, and when only the pictures are left.
_LOADED, _PREPARED, _REGISTERED = 0.05, 0.1, 0.95


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
        list[Path] | None,
        typer.Option(
            help="Start from landmarks: point lists that Slicer saved (.mrk.json or .fcsv), the CT's and then one for "
            "each X-ray, paired by their names or else by their order; or one JSON file of points, each with its name, "
            "ras (x, y, z in mm) and pixels (column and row, or null, for each X-ray).",
            rich_help_panel=_START,
        ),
    ] = None,
    angles_unknown: Annotated[
        bool,
        typer.Option(
            "--angles-unknown",
            help="The direction that the X-rays have means nothing: take it from the landmarks, which must be four, or "
            "three that two X-rays show.",
            rich_help_panel=_START,
        ),
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a model that `xray3d train scene-coordinates` made for this CT: it needs no start.",
            rich_help_panel=_START,
        ),
    ] = None,
    search: Annotated[
        str,
        typer.Option(
            metavar="off|auto|wide",
            help="off: refine the start only; auto: search around it where it is not enough; wide: search far around "
            "it, which takes longer.",
            rich_help_panel=_START,
        ),
    ] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the search.", rich_help_panel=_START)] = 0,
    mask: Annotated[
        list[Path] | None,
        typer.Option(help="What to ignore, such as metal, is not 0; one for each X-ray.", rich_help_panel=_ATTENTION),
    ] = None,
    implants: Annotated[
        str,
        typer.Option(
            metavar="keep|mask|inpaint|both",
            help="What to do about metal, which is where --mask says, or else is found. keep: nothing, but to ignore "
            "what --mask covers; mask: ignore it; inpaint: paint what it hides; both: paint it, and ignore it.",
            rich_help_panel=_ATTENTION,
        ),
    ] = "keep",
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
    Slicer loads), result.json and, for each X-ray, a picture; of a failed registration, which ends with exit code 3,
    result.json and the pictures only.
    """
    from xray3d.registration.checks import check_search

    images = check_outputs(output, views, overwrite)
    check_search(search)
    if model is not None and (start or landmarks):
        raise ModelError("--model finds the start by itself; leave out --start and --landmarks, or --model.")
    inputs = read_inputs(views, start or [], landmarks or [], not angles_unknown, mask or [], relative_error, implants)
    bone = region_of(region, label or [])
    options = {"search": search, "seed": seed}
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Loading the CT", total=1.0)

        def progress(doing: str, done: float) -> None:
            bar.update(task, description=doing, completed=done)

        result, notes, files = _register_and_save(ct, bone, device, inputs, model, options, images, progress)
    report = {**_report(result, notes), "files": [str(file) for file in files], "folder": str(output)}
    print(json_format.dumps(report) if json else _in_words(result, inputs, notes, output))
    if result.verdict == "failed":
        raise typer.Exit(_EXIT_FAILED)


def _register_and_save(
    ct: Path,
    bone: LabelVolume | None,
    device: str,
    inputs: Inputs,
    model: Path | None,
    options: Mapping[str, Any],
    images: list[Path],
    progress: Callable[[str, float], None],
) -> tuple[RegistrationResult, dict[str, Any], list[Path]]:
    """The result, what else result.json holds, and all files that were written."""
    from xray3d import DRRRenderer, load_ct
    from xray3d.inpainting.treatment import treat_implants
    from xray3d.registration.files import save_registration
    from xray3d.registration.overlay import before_and_after
    from xray3d.registration.register import Registrar

    volume = load_ct(ct)
    progress("Preparing the CT", _LOADED)
    registrar = Registrar(volume, device, bone)
    treated = treat_implants(
        inputs.xrays, inputs.masks, inputs.implants, device, lambda doing, _: progress(doing, _PREPARED)
    )
    options = {
        **options,
        "masks": treated.masks,
        "relative_error": inputs.relative_error,
        "progress": lambda doing, done: progress(doing, _PREPARED + done * (_REGISTERED - _PREPARED)),
    }
    if model is None:
        result = registrar.register(treated.xrays, inputs.initial, **options)
    else:
        result = _register_with_model(registrar, model, device, treated.xrays, options)
    progress("Drawing the pictures", _REGISTERED)
    renderer = DRRRenderer(volume, device)
    poses = zip(inputs.xrays, inputs.initial, result.projections, strict=True)
    overlays = [before_and_after(renderer, *pose) for pose in poses]
    notes = _notes(inputs, treated.implant_shares)
    return result, notes, save_registration(images, inputs.xrays, result, overlays, notes)


def _register_with_model(
    registrar: Registrar, folder: Path, device: str, xrays: Sequence[XRayImage], options: Mapping[str, Any]
) -> RegistrationResult:
    from xray3d.registration.scene_regression.locating import Locator
    from xray3d.registration.scene_regression.model import SceneCoordinateModel
    from xray3d.registration.scene_regression.registering import register_with_model

    locator = Locator(SceneCoordinateModel.load(folder, device), registrar.ct)
    return register_with_model(registrar, locator, xrays, **options).result


def _notes(inputs: Inputs, implant_shares: Sequence[float]) -> dict[str, Any]:
    """What result.json holds beside the result: X-rays and their implants, where they started, how landmarks fitted."""
    from xray3d.geometry.geometry_file import geometry_to_dict
    from xray3d.registration.files import finite_or_null

    notes: dict[str, Any] = {
        "xrays": [xray.name for xray in inputs.xrays],
        "initial": [geometry_to_dict(projection) for projection in inputs.initial],
        "implants": inputs.implants,
        "implant_shares": list(implant_shares),
    }
    if inputs.landmarks is not None:
        pose = inputs.landmarks
        notes["landmarks"] = [
            {"name": name, "residual_px": finite_or_null(px), "residual_mm": finite_or_null(mm)}
            for name, px, mm in zip(inputs.landmark_names, pose.residuals_px.T, pose.residuals_mm.T, strict=True)
        ]
        notes["landmarks_warning"] = pose.warning
    return notes


def _report(result: RegistrationResult, notes: Mapping[str, Any]) -> dict[str, Any]:
    from xray3d.registration.files import result_to_dict

    return {**result_to_dict(result), **notes}


def _in_words(result: RegistrationResult, inputs: Inputs, notes: Mapping[str, Any], output: Path) -> str:
    if result.verdict == "failed":
        told, written = [], "result.json and pictures of the best pose that was found; nothing was registered."
    else:
        told, written = (
            [_motion_in_words(result)],
            "registered X-rays, transform.tfm for Slicer, result.json, pictures.",
        )
    told += [*_implants_in_words(notes), *_landmarks_in_words(inputs)]
    return "\n".join([f"{result.verdict}: {result.reason}", *told, f"{output}: {written}"])


def _implants_in_words(notes: Mapping[str, Any]) -> list[str]:
    return [
        f"Implants cover {share:.1%} of {xray}." if share else f"No implant was found on {xray}."
        for xray, share in zip(notes["xrays"], notes["implant_shares"], strict=False)
    ]


def _motion_in_words(result: RegistrationResult) -> str:
    from xray3d.geometry.poses import rotation_angle

    turn_deg = np.rad2deg(rotation_angle(result.transform_ras))
    pivot = np.append(result.pivot_ras, 1)
    shift_mm = np.linalg.norm((result.transform_ras @ pivot - pivot)[:3])
    return (
        f"Moved by {shift_mm:.1f} mm and {turn_deg:.1f}°, similarity {result.similarity:.2f}, in {result.seconds:.1f} "
        f"s; standard error {result.error_across_mm:.2f} mm across and {result.error_along_mm:.2f} mm along the ray."
    )


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
