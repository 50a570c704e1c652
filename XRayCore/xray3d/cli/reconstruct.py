"""`xray3d reconstruct`: vertebrae in 3D from a few X-rays."""

from __future__ import annotations

import json as json_format
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from xray3d.cli.options import DeviceOption, JsonOption, OverwriteOption, check_output
from xray3d.errors import OutputExistsError, XRay3DError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from xray3d import XRayImage

_ONE = "a vertebra"


def reconstruct(
    views: Annotated[list[Path], typer.Argument(help="X-rays, each with its geometry (view.json beside view.nrrd).")],
    output: Annotated[
        list[Path],
        typer.Option(
            "-o",
            "--output",
            help="The vertebrae as a label map (.nrrd, .nii.gz, .mha), which has TotalSegmentator's numbers where they "
            "were found, or as surfaces (.stl, .ply, .vtp); may be given again.",
        ),
    ],
    roi: Annotated[
        Path | None,
        typer.Option(
            help="Where the vertebra is: a box about it, a point in the middle of its body, or that middle marked on "
            "two X-rays under one name, as Slicer saves them (.mrk.json), or JSON with middle_ras (x, y, z in mm), "
            "box_ras (its lowest and its highest corner), or middle_px (column and row, or null, for each X-ray).",
            show_default="all from T12 to L5 that are found",
        ),
    ] = None,
    level: Annotated[
        list[str] | None, typer.Option(help="Of what is found only this one, such as L3; may be given again.")
    ] = None,
    inpaint: Annotated[
        bool, typer.Option("--inpaint", help="Look for implants on the X-rays, and take them out before anything else.")
    ] = False,
    model: Annotated[
        Path | None, typer.Option(help="Folder of a model.", show_default="the one that comes with XRay3D")
    ] = None,
    device: DeviceOption = "cpu",
    json: JsonOption = False,
    overwrite: OverwriteOption = False,
) -> None:
    """Reconstruct vertebrae from one to eight calibrated X-rays, from different sides best.

    Surfaces are in LPS, as Slicer reads them.
    """
    from xray3d import load_xray
    from xray3d.datasets.synthetic_spine import VERTEBRA_LABELS
    from xray3d.reconstruction.agreement import disagreements
    from xray3d.reconstruction.files import check_extension, save_reconstructions
    from xray3d.reconstruction.model import SHIPPED, load_network
    from xray3d.reconstruction.reconstruct import Reconstructor

    for path in output:
        check_extension(path)
        check_output(path, overwrite)
        if [other.absolute() for other in output].count(path.absolute()) > 1:
            raise OutputExistsError(f"{path} is named twice; give every output a name of its own.")
    xrays = [load_xray(view) for view in views]
    if inpaint:
        xrays = _without_implants(xrays, device)
    regions, naming_doubts = _regions(roi, level, xrays, device)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        bar.add_task("Reconstructing", total=None)
        reconstructor = Reconstructor(load_network(model or SHIPPED, device)[0])
        started = time.perf_counter()
        bones = {name: reconstructor.reconstruct(xrays, region) for name, region in regions.items()}
        seconds = time.perf_counter() - started
        doubts = [*naming_doubts, *disagreements([(bone, xrays) for bone in bones.values()])]
        values = {VERTEBRA_LABELS.get(name, 1): bone for name, bone in bones.items()}
        for path in output:
            save_reconstructions(values, path, overwrite)
    for doubt in doubts:
        warnings.warn(doubt, stacklevel=1)
    if json:
        report = {
            "files": [str(path) for path in output],
            "vertebrae": [
                {
                    "level": None if roi else name,
                    "volume_ml": round(bone.volume_ml, 3),
                    "middle_ras": [round(float(axis), 3) for axis in regions[name][:3, 3]],
                }
                for name, bone in bones.items()
            ],
            "views": len(xrays),
            "seconds": round(seconds, 3),
            "doubts": doubts,
        }
        print(json_format.dumps(report))
    else:
        files = ", ".join(str(path) for path in output)
        volumes = ", ".join(f"{name} of {bone.volume_ml:.0f} ml" for name, bone in bones.items())
        print(f"{files}: {volumes}, in {seconds:.1f} s.")


def _without_implants(xrays: Sequence[XRayImage], device: str) -> list[XRayImage]:
    from xray3d.inpainting.treatment import treat_implants

    treated = treat_implants(xrays, None, "inpaint", device)
    for xray, share in zip(xrays, treated.implant_shares, strict=True):
        if not share:
            warnings.warn(f"{xray.name}: no implant was found; it is used as it is.", stacklevel=2)
    return treated.xrays


def _regions(
    roi: Path | None, levels: Sequence[str] | None, xrays: Sequence[XRayImage], device: str
) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """By what the vertebrae are called, and why they may be called so wrongly."""
    from xray3d.reconstruction.level_finding.regions import found_regions
    from xray3d.reconstruction.region_files import load_region

    if roi is None:
        return found_regions(xrays, levels or (), device)
    if levels:
        raise XRay3DError("--level is for vertebrae that are found; leave it out, or --roi.")
    return {_ONE: load_region(roi, [xray.projection for xray in xrays])}, []
