"""Options that several verbs share, so that they are called and behave the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xray3d.errors import OutputExistsError

JsonOption = Annotated[bool, typer.Option("--json", help="Print nothing but JSON on standard output.")]
DeviceOption = Annotated[str, typer.Option(help="Where to compute: cpu, cuda or cuda:N.")]
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
