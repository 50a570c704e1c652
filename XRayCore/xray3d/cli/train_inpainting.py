"""`xray3d train inpainting`: one of the networks that take implants out of X-rays."""

from __future__ import annotations

import json as json_format
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from xray3d.cli.options import (
    HOW_LONG,
    DeviceOption,
    JsonOption,
    OverwriteOption,
    ResumeOption,
    SeedOfTrainingOption,
)
from xray3d.models.training.plan import TrainingPlan

_WHAT = "What to learn from"


def inpainting(
    network: Annotated[str, typer.Argument(help="finder, which finds metal, or painter, which paints what it hides.")],
    cts: Annotated[list[Path], typer.Argument(help="CTs of spines: NIfTI, NRRD or MHA files, or DICOM folders.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the model; the other network in it stays.")],
    radiographs: Annotated[
        Path | None,
        typer.Option(
            help="Folder or zip archive of real radiographs without metal, bone bright.", rich_help_panel=_WHAT
        ),
    ] = None,
    views: Annotated[int, typer.Option(min=1, help="X-rays simulated of each CT.", rich_help_panel=_WHAT)] = 120,
    start: Annotated[
        Path | None,
        typer.Option(help="Model to begin with.", show_default="none, from scratch", rich_help_panel=HOW_LONG),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Steps at most.", rich_help_panel=HOW_LONG)] = TrainingPlan.steps,
    seed: SeedOfTrainingOption = 0,
    resume: ResumeOption = False,
    device: DeviceOption = "cpu",
    json: JsonOption = False,
    overwrite: OverwriteOption = False,
) -> None:
    """Train a network that finds metal on X-rays of any patient, or one that paints what it hides.

    A model has one of each. It learns from X-rays simulated of the CTs with implants in their spines, and from real
    radiographs with metal projected onto them, a tenth of whose patients are not looked at. Stopped by Ctrl+C, it keeps
    the best network so far and goes on with --resume.
    """
    from xray3d import load_ct
    from xray3d.datasets.radiographs import find_radiographs
    from xray3d.inpainting.card import measured_in_words
    from xray3d.inpainting.model import network_name
    from xray3d.inpainting.training import train

    name = network_name(network)
    real = [] if radiographs is None else find_radiographs(radiographs)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Loading the CTs", total=1.0)
        report = train(
            name,
            [load_ct(ct) for ct in cts],
            real,
            output,
            TrainingPlan(steps, seed=seed),
            views_of_one=views,
            start=start,
            device=device,
            progress=lambda doing, done: bar.update(task, description=doing, completed=done),
            resume=resume,
            overwrite=overwrite,
        )
    if json:
        print(json_format.dumps({"folder": str(output / name), **asdict(report)}))
    else:
        print(
            f"{output / name}: {measured_in_words(report.measured)}, on X-rays that it had not seen, after "
            f"{report.steps} steps in {report.seconds / 60:.0f} min."
        )
