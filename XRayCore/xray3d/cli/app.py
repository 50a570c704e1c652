"""The command's frame: its verbs, and how bad input ends."""

from __future__ import annotations

import sys
import warnings
from typing import Annotated, TextIO

import typer

from xray3d import __version__
from xray3d.cli.benchmark import benchmark
from xray3d.cli.demo import demo
from xray3d.cli.drr import drr
from xray3d.cli.inpaint import inpaint
from xray3d.cli.reconstruct import reconstruct
from xray3d.cli.register import register
from xray3d.cli.train import train
from xray3d.errors import XRay3DError

app = typer.Typer(
    name="xray3d",
    help="From a CT and a few C-arm X-rays to a registered, cleaned, three-dimensional picture of the patient.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(drr)
app.command()(register)
app.command()(inpaint)
app.command()(reconstruct)
app.add_typer(train, name="train")
app.command()(benchmark)
app.command()(demo)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"xray3d {__version__}")
        raise typer.Exit


@app.callback()
def _frame(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Holds the options that belong to no verb; with it, typer keeps verbs even where there is only one."""


def _print_note(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """What the library warns of, as one line instead of Python's file, line number and source."""
    print(f"xray3d: note: {message}", file=sys.stderr)


def main() -> None:
    """Run the command line: exit code 2 and one line on standard error for everything that the user can put right."""
    warnings.showwarning = _print_note
    try:
        app()
    except XRay3DError as error:
        print(f"xray3d: {error}", file=sys.stderr)
        sys.exit(2)
