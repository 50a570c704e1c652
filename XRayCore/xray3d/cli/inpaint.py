"""`xray3d inpaint`: X-rays without their implants."""

from __future__ import annotations

import json as json_format
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from xray3d.cli.inpaint_files import Job, geometry_of, plan, read, save
from xray3d.cli.options import DeviceOption, JsonOption, OverwriteOption
from xray3d.errors import XRay3DError, about

if TYPE_CHECKING:
    from xray3d.inpainting.inpainter import Inpainter

_ALSO = "What else is written"


def inpaint(
    views: Annotated[list[Path], typer.Argument(help="X-rays, with or without geometry: .nrrd, DICOM, .png, .jpg …")],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="The X-ray without implants, as .nrrd or .mha, without geometry also as .png or .tif; or a folder, "
            "where each becomes <name>_clean.nrrd.",
        ),
    ],
    mask: Annotated[
        list[Path] | None,
        typer.Option(help="Where there is metal, is not 0; one for each X-ray.", show_default="metal is found"),
    ] = None,
    save_mask: Annotated[
        Path | None, typer.Option(help="Mask of what was painted; or a folder for it.", rich_help_panel=_ALSO)
    ] = None,
    save_uncertainty: Annotated[
        Path | None,
        typer.Option(
            help="Standard error of what was painted, in grey values; or a folder for it.", rich_help_panel=_ALSO
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a model that `xray3d train inpainting` made.",
            show_default="the one that comes with XRay3D",
        ),
    ] = None,
    device: DeviceOption = "cpu",
    json: JsonOption = False,
    overwrite: OverwriteOption = False,
) -> None:
    """Find metal on X-rays, or take it from masks, and paint what it hides.

    Elsewhere pixels stay as they are, and so does an X-ray on which no implant is found. The geometry of an X-ray is
    written beside the clean one. Of many X-rays, one that cannot be cleaned keeps none of the others from it.
    """
    from xray3d.inpainting.inpainter import Inpainter
    from xray3d.inpainting.model import SHIPPED, InpaintingModel

    jobs = plan(views, mask or [], output, save_mask, save_uncertainty, overwrite)
    for job in jobs:  # before the work, for what cannot be used
        read(job)
    inpainter = Inpainter(InpaintingModel.load(model or SHIPPED, device))
    reports, failures = [], []
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Removing implants", total=len(jobs))
        for job in jobs:
            bar.update(task, description=f"Removing implants from {job.xray.name}")
            try:
                reports.append(_inpaint(inpainter, job))
            except XRay3DError as wrong:  # of one X-ray; the others can still be cleaned
                failures.append(str(wrong))
            bar.advance(task)
    if reports:
        print(json_format.dumps({"xrays": reports}) if json else _in_words(reports))
    if failures:
        raise XRay3DError(" ".join(failures))


def _inpaint(inpainter: Inpainter, job: Job) -> dict[str, Any]:
    """Clean one X-ray; returns what there is to say of it."""
    started = time.perf_counter()
    image, mask = read(job)
    with about(str(job.xray)):
        painted = inpainter.paint(image.pixels, mask)
    save(job, image, painted)
    geometry = geometry_of(job.clean)
    return {
        "xray": str(job.xray),
        "clean": str(job.clean),
        "geometry": str(geometry) if geometry.exists() else None,
        "mask": str(job.saved_mask) if job.saved_mask else None,
        "uncertainty": str(job.saved_uncertainty) if job.saved_uncertainty else None,
        "implants_found": bool(painted.mask.any()),
        "painted_share": round(float(painted.mask.mean()), 6),
        "seconds": round(time.perf_counter() - started, 4),
    }


def _in_words(reports: Sequence[dict[str, Any]]) -> str:
    lines = []
    for report in reports:
        if report["implants_found"]:
            done = f"implants painted over, {report['painted_share']:.1%} of the X-ray, in {report['seconds']:.1f} s."
        else:
            done = f"no implant was found on {report['xray']}, which is written as it was."
        lines.append(f"{report['clean']}: {done}")
    return "\n".join(lines)
