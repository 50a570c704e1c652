"""`xray3d drr`: one X-ray from a CT."""

from __future__ import annotations

import json as json_format
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from xray3d.cli.options import DeviceOption, JsonOption, OverwriteOption, check_xray_outputs

_CARM, _PHYSICS, _IMPLANTS = "C-arm", "X-ray physics", "Implants"


def drr(
    ct: Annotated[Path, typer.Argument(help="NIfTI, NRRD or MHA file, or a folder with a DICOM series.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Image on its receptor; view.json goes beside it.")],
    primary: Annotated[
        float,
        typer.Option(help="Positioner primary angle in degrees: RAO negative, LAO positive.", rich_help_panel=_CARM),
    ] = 0.0,
    secondary: Annotated[
        float, typer.Option(help="Secondary angle in degrees: CAU negative, CRA positive.", rich_help_panel=_CARM)
    ] = 0.0,
    isocenter: Annotated[
        tuple[float, float, float] | None,
        typer.Option(help="Isocentre in RAS mm.", show_default="centre of the CT", rich_help_panel=_CARM),
    ] = None,
    sdd: Annotated[float, typer.Option(help="Source to detector distance in mm.", rich_help_panel=_CARM)] = 1020.0,
    sod: Annotated[float, typer.Option(help="Source to isocentre distance in mm.", rich_help_panel=_CARM)] = 700.0,
    size: Annotated[tuple[int, int], typer.Option(help="Rows and columns.", rich_help_panel=_CARM)] = (512, 512),
    pixel: Annotated[tuple[float, float], typer.Option(help="Row and column spacing in mm.", rich_help_panel=_CARM)] = (
        0.6,
        0.6,
    ),
    geometry: Annotated[
        Path | None,
        typer.Option(help="Take the geometry from a JSON, P-matrix or DICOM file instead.", rich_help_panel=_CARM),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="A realistic X-ray by this technique, for example fluoroscopy; without it, line integrals.",
            rich_help_panel=_PHYSICS,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the noise.", rich_help_panel=_PHYSICS)] = 0,
    implant: Annotated[
        list[Path] | None,
        typer.Option(
            help="STL, PLY, VTK, VTP or OBJ surface in RAS mm; may be given again.", rich_help_panel=_IMPLANTS
        ),
    ] = None,
    lps: Annotated[
        bool, typer.Option("--lps", help="The implants are in LPS, as Slicer saves them.", rich_help_panel=_IMPLANTS)
    ] = False,
    metal: Annotated[str, typer.Option(help="What they are made of.", rich_help_panel=_IMPLANTS)] = "titanium",
    mask: Annotated[
        Path | None, typer.Option(help="Also write the implants' projected mask.", rich_help_panel=_IMPLANTS)
    ] = None,
    device: DeviceOption = "cpu",
    json: JsonOption = False,
    overwrite: OverwriteOption = False,
) -> None:
    """Render a CT as an X-ray: line integrals of attenuation, or, with a preset, what a detector would store."""
    from xray3d import DRRRenderer, GivenGeometry, Projection, XRayImage, load_ct, load_implant, save_xray
    from xray3d.drr.exposure import expose
    from xray3d.drr.physics.presets import preset as preset_named
    from xray3d.geometry.geometry_file import load_geometry
    from xray3d.volumes.frames import ras_from_lps

    check_xray_outputs(output, *([mask] if mask else []), overwrite=overwrite)
    technique = None if preset is None else preset_named(preset)
    to_ras = ras_from_lps(np.eye(4)) if lps else np.eye(4)
    implants = [load_implant(path, to_ras) for path in implant or []]
    with Console(stderr=True).status("loading the CT") as status:
        volume = load_ct(ct)
        center = volume.center_ras if isocenter is None else isocenter
        if geometry is not None:
            given = GivenGeometry(isocenter_ras=center)  # for DICOM, which knows no CT to place it in
            projection = load_geometry(geometry, size_px=size, pixel_mm=pixel, given=given)
        else:
            projection = Projection.from_carm(primary, secondary, center, sdd, sod, size, pixel)
        renderer = DRRRenderer(volume, device)
        status.update("rendering")
        started = time.perf_counter()
        view = expose(renderer, projection, technique, implants, metal, seed)
        seconds = time.perf_counter() - started
    save_xray(XRayImage(view.pixels, projection, output.name), output, overwrite)
    if mask is not None:
        save_xray(XRayImage(view.metal_mask.astype(np.float32), projection, mask.name), mask, overwrite)
    cut = float(renderer.leaves_cut_face(projection).mean())
    if json:
        report = {"image": str(output), "geometry": str(output.with_suffix(".json")), "seconds": round(seconds, 4)}
        print(json_format.dumps({**report, "leaves_cut_face": round(cut, 4), "mask": str(mask) if mask else None}))
    else:
        print(f"{output} and {output.with_suffix('.json').name}, rendered in {seconds:.2f} s")
        if cut > 0:
            print(
                f"{cut:.0%} of its rays leave the body through a face where the CT ends; they lack the tissue beyond."
            )
