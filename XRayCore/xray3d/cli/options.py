"""Options that several verbs share, so that they are called and behave the same everywhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from xray3d.errors import OutputExistsError

HOW_LONG = "How long to train"

JsonOption = Annotated[bool, typer.Option("--json", help="Print nothing but JSON on standard output.")]
DeviceOption = Annotated[str, typer.Option(help="Where to compute: cpu, cuda or cuda:N.")]
SeedOfTrainingOption = Annotated[int, typer.Option(min=0, help="Seed of everything drawn.", rich_help_panel=HOW_LONG)]
ResumeOption = Annotated[
    bool, typer.Option("--resume", help="Go on with a training that was stopped.", rich_help_panel=HOW_LONG)
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace an output that already exists.")]


def check_output(path: Path, overwrite: bool) -> None:
    """Refuse to replace what the user did not ask to replace; called before the work, not after it.

    Raises:
        OutputExistsError: `path` exists and `overwrite` is false, or its folder does not exist.
    """
    if path.exists() and not overwrite:
        raise OutputExistsError(f"{path} already exists; choose another output or add --overwrite.")
    if not path.absolute().parent.is_dir():
        raise OutputExistsError(f"The folder of {path} does not exist; make it first or choose another output.")


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written to, or made where there is none.

    Raises:
        OutputExistsError: it is a file, or cannot be written to.
    """
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise OutputExistsError(f"{there} is a file; choose another folder.")
    if not os.access(there, os.W_OK):
        raise OutputExistsError(f"{there} cannot be written to; choose another folder.")


def check_xray_outputs(*images: Path, overwrite: bool) -> None:
    """`check_output` for X-ray images and the geometry that goes beside each of them.

    Raises:
        OutputExistsError: as `check_output`, or two of the images are one file.
        VolumeError: an image's extension is not one that an X-ray is written to.
    """
    from xray3d.volumes.xray_files import written_files

    if len({path.absolute() for path in images}) < len(images):
        raise OutputExistsError(f"{images[0]} is named twice; give every output a name of its own.")
    for image in images:
        for path in written_files(image):
            check_output(path, overwrite)
