"""`xray3d train x23d`: the networks that reconstruct vertebrae from a few X-rays, and that find them there."""

from __future__ import annotations

import json as json_format
from dataclasses import asdict
from itertools import chain
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
from xray3d.errors import XRay3DError
from xray3d.models.training.plan import TrainingPlan

_WHAT = "What to learn from"
# Of synthetic spines, one of so many is measured on, and these have seeds of their own.
_HELD_OUT_OF, _FIRST_SEED, _FIRST_HELD_OUT_SEED = 10, 10_000, 20_000


def x23d(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the model.")],
    data: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of CTs with labelled vertebrae: downloads of CTSpine1K or VerSe."),
    ] = None,
    network: Annotated[
        str, typer.Option(help="bones, which reconstructs vertebrae, or levels, which finds them on X-rays.")
    ] = "bones",
    synthetic: Annotated[
        int, typer.Option(min=0, help="Synthetic spines to learn from besides.", rich_help_panel=_WHAT)
    ] = 40,
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
    """Train a network that reconstructs vertebrae from a few X-rays, or one that finds them there.

    It learns from X-rays simulated of CTs whose vertebrae are labelled, T12 to L5, and measures itself on a tenth of
    their patients; another tenth is not looked at. Stopped by Ctrl+C, it keeps the best network so far and goes on with
    --resume.
    """
    from xray3d.datasets.labelled_cts import find_labelled_cts
    from xray3d.reconstruction.spines import real_spines, synthetic_spines
    from xray3d.reconstruction.training import LEVELS, RECONSTRUCTION, train

    trainees = {"bones": RECONSTRUCTION, "levels": LEVELS}
    if network not in trainees:
        raise XRay3DError(f"No network is called {network!r}; choose one of: {', '.join(trainees)}.")
    found = [one for folder in data or () for one in find_labelled_cts(folder)]
    learnt_from, held_out = (
        chain(real_spines(one for one in found if one.part == part), synthetic_spines(count, first_seed))
        for part, count, first_seed in (
            ("training", synthetic, _FIRST_SEED),
            ("validation", -(-synthetic // _HELD_OUT_OF), _FIRST_HELD_OUT_SEED),
        )
    )
    trainee = trainees[network]
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Looking for CTs", total=1.0)
        report = train(
            trainee,
            learnt_from,
            held_out,
            output,
            trainee.plan(steps, seed),
            start=start,
            device=device,
            progress=lambda doing, done: bar.update(task, description=doing, completed=done),
            resume=resume,
            overwrite=overwrite,
        )
    if json:
        print(json_format.dumps({"folder": str(output), **asdict(report)}))
    else:
        print(
            f"{output}: {report.measured.told}, on X-rays that it had not seen, after {report.steps} steps in "
            f"{report.seconds / 60:.0f} min."
        )
