"""`xray3d train`: models for one patient, or for all."""

from __future__ import annotations

import json as json_format
from dataclasses import replace
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
from xray3d.cli.train_inpainting import inpainting
from xray3d.cli.train_x23d import x23d
from xray3d.errors import XRay3DError
from xray3d.registration.scene_regression.plan import TrainingPlan

train = typer.Typer(help="Train a model.", no_args_is_help=True)

_WHERE = "From where X-rays will be taken"
Angles = tuple[float, float]


train.command("inpainting")(inpainting)
train.command("x23d")(x23d)


@train.command("scene-coordinates")
def scene_coordinates(
    ct: Annotated[Path, typer.Argument(help="NIfTI, NRRD or MHA file, or a folder with a DICOM series.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the model.")],
    center: Annotated[
        tuple[float, float, float] | None,
        typer.Option(
            help="What the C-arm aims at: R, A, S in mm.",
            show_default="the middle of the bones",
            rich_help_panel=_WHERE,
        ),
    ] = None,
    primary: Annotated[
        Angles, typer.Option(help="Lowest and highest primary angle, degrees.", rich_help_panel=_WHERE)
    ] = (-45.0, 45.0),
    secondary: Annotated[
        Angles, typer.Option(help="Lowest and highest secondary angle, degrees.", rich_help_panel=_WHERE)
    ] = (-30.0, 30.0),
    in_plane: Annotated[
        Angles, typer.Option(help="Lowest and highest turn of the image, degrees.", rich_help_panel=_WHERE)
    ] = (-15.0, 15.0),
    lateral: Annotated[
        float, typer.Option(help="How far the patient may be off across the view, mm.", rich_help_panel=_WHERE)
    ] = 50.0,
    depth: Annotated[
        float, typer.Option(help="How far the patient may be off along the view, mm.", rich_help_panel=_WHERE)
    ] = 100.0,
    sdd: Annotated[float, typer.Option(help="Source to detector, mm.", rich_help_panel=_WHERE)] = 1020.0,
    sod: Annotated[float, typer.Option(help="Source to isocentre, mm.", rich_help_panel=_WHERE)] = 700.0,
    bone_hu: Annotated[float, typer.Option(help="What is above is bone, HU.", rich_help_panel=_WHERE)] = 250.0,
    start: Annotated[
        Path | None,
        typer.Option(
            help="Model of any patient to begin with.",
            show_default="the one that comes with XRay3D",
            rich_help_panel=HOW_LONG,
        ),
    ] = None,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Begin with nothing.", rich_help_panel=HOW_LONG)
    ] = False,
    steps: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Steps at most; 0 takes the start as it is.",
            show_default=f"{TrainingPlan.from_start().steps}, from scratch {TrainingPlan.steps}",
            rich_help_panel=HOW_LONG,
        ),
    ] = None,
    goal: Annotated[
        float | None,
        typer.Option(
            help="End once the median error is this small, mm.", show_default="never", rich_help_panel=HOW_LONG
        ),
    ] = None,
    seed: SeedOfTrainingOption = 0,
    resume: ResumeOption = False,
    device: DeviceOption = "cpu",
    json: JsonOption = False,
    overwrite: OverwriteOption = False,
) -> None:
    """Train a model that knows this CT and tells from where an X-ray of it was taken.

    Nothing is needed but the CT: it begins with a network that has learnt from other patients. Stopped by Ctrl+C, it
    keeps the best model so far and goes on with --resume.
    """
    from xray3d import load_ct
    from xray3d.datasets.pose_range import PoseRange
    from xray3d.registration.scene_regression.start import SHIPPED, SceneCoordinateStart
    from xray3d.registration.scene_regression.training import train as run
    from xray3d.volumes.skeleton import middle_of_bones

    if from_scratch and start is not None:
        raise XRay3DError("--from-scratch begins with nothing; leave out --start, or --from-scratch.")
    usual = TrainingPlan() if from_scratch else TrainingPlan.from_start()
    plan = replace(usual, steps=usual.steps if steps is None else steps, goal_mm=goal, seed=seed)
    begin = None if from_scratch else SceneCoordinateStart.load(start or SHIPPED, device)
    volume = load_ct(ct)
    poses = PoseRange(
        center or middle_of_bones(volume, bone_hu),
        primary,
        secondary,
        in_plane,
        lateral,
        depth,
        sdd,
        sod,
    )
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Preparing the CT", total=1.0)
        model = run(
            volume,
            poses,
            output,
            plan,
            start=begin,
            bone_hu=bone_hu,
            device=device,
            progress=lambda doing, done: bar.update(task, description=doing, completed=done),
            resume=resume,
            overwrite=overwrite,
        )
    report = model.report
    if json:
        print(json_format.dumps({"folder": str(output), **report.__dict__}))
    else:
        print(
            f"{output}: median error {report.mtre_mm['50']:.1f} mm and {report.gross_failures:.0%} gross failures on "
            f"{report.views} simulated X-rays, after {report.steps} steps in {report.seconds / 60:.0f} min."
        )
