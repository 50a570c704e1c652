"""`xray3d demo`: the whole chain on one patient."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from xray3d.cli.options import DeviceOption, JsonOption, OverwriteOption
from xray3d.errors import OutputExistsError


def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for images, geometry and report.")] = Path(
        "demo"
    ),
    ct: Annotated[
        Path | None,
        typer.Option(help="A CT of the trunk; without one a sample CT is fetched, or offline a synthetic spine made."),
    ] = None,
    device: DeviceOption = "cpu",
    json: JsonOption = False,
    overwrite: OverwriteOption = False,
) -> None:
    """Simulate X-rays of the spine from several angles, clean and realistic, with and without pedicle screws."""
    from xray3d.demo import run_demo

    if (output / "report.html").exists() and not overwrite:
        raise OutputExistsError(f"{output / 'report.html'} already exists; choose another folder or add --overwrite.")
    if output.exists() and not output.is_dir():
        raise OutputExistsError(f"{output} is a file; choose another folder.")
    output.mkdir(parents=True, exist_ok=True)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=1.0)
        report = run_demo(ct, output, device, lambda doing, done: bar.update(task, description=doing, completed=done))
    print(json_format.dumps({"report": str(report)}) if json else f"{report}: open it in a browser.")
