"""`xray3d reconstruct`: a vertebra in 3D from a few X-rays."""

from __future__ import annotations

import json as json_format
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from xray3d.cli.options import DeviceOption, JsonOption, OverwriteOption, check_output
from xray3d.errors import OutputExistsError


def reconstruct(
    views: Annotated[list[Path], typer.Argument(help="X-rays, each with its geometry (view.json beside view.nrrd).")],
    roi: Annotated[
        Path,
        typer.Option(
            help="Where the vertebra is: a box about it, a point in the middle of its body, or that middle marked on "
            "two X-rays under one name, as Slicer saves them (.mrk.json), or JSON with middle_ras (x, y, z in mm), "
            "box_ras (its lowest and its highest corner), or middle_px (column and row, or null, for each X-ray).",
        ),
    ],
    output: Annotated[
        list[Path],
        typer.Option(
            "-o",
            "--output",
            help="The vertebra as a label map (.nrrd, .nii.gz, .mha) or as a surface (.stl, .ply, .vtp); may be given "
            "again.",
        ),
    ],
    model: Annotated[Path, typer.Option(help="Folder of a model; none comes with XRay3D yet.")],
    device: DeviceOption = "cpu",
    json: JsonOption = False,
    overwrite: OverwriteOption = False,
) -> None:
    """Reconstruct a vertebra from one to eight calibrated X-rays, from different sides best.

    Surfaces are in LPS, as Slicer reads them.
    """
    from xray3d import load_xray
    from xray3d.reconstruction.files import check_extension, save_reconstruction
    from xray3d.reconstruction.model import load_network
    from xray3d.reconstruction.reconstruct import Reconstructor
    from xray3d.reconstruction.region_files import load_region

    for path in output:
        check_extension(path)
        check_output(path, overwrite)
        if [other.absolute() for other in output].count(path.absolute()) > 1:
            raise OutputExistsError(f"{path} is named twice; give every output a name of its own.")
    xrays = [load_xray(view) for view in views]
    region = load_region(roi, [xray.projection for xray in xrays])
    with Progress(console=Console(stderr=True), transient=True) as bar:
        bar.add_task("Reconstructing", total=None)
        reconstructor = Reconstructor(load_network(model, device)[0])
        started = time.perf_counter()
        found = reconstructor.reconstruct(xrays, region)
        seconds = time.perf_counter() - started
        for path in output:
            save_reconstruction(found, path, overwrite)
    if json:
        report = {
            "files": [str(path) for path in output],
            "volume_ml": round(found.volume_ml, 3),
            "middle_ras": [round(float(axis), 3) for axis in region[:3, 3]],
            "views": len(xrays),
            "seconds": round(seconds, 3),
        }
        print(json_format.dumps(report))
    else:
        files = ", ".join(str(path) for path in output)
        print(f"{files}: a vertebra of {found.volume_ml:.0f} ml, in {seconds:.1f} s.")
