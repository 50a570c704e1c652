"""`xray3d benchmark`: measure what the project promises, beside its peers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from xray3d.cli.options import JsonOption, OverwriteOption, check_output

_PIPE_WIDTH = 170


def benchmark(
    name: Annotated[
        str,
        typer.Argument(
            help="Which one: drr, registration, scene-coordinates, inpainting, x23d, deepfluoro or ljubljana."
        ),
    ],
    json: JsonOption = False,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer repeats: a few minutes.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Also write the rows as JSON.")] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="Folder for parts of the result: a long benchmark that was interrupted goes on from there, as long as "
            "the library stays the same."
        ),
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Run a benchmark and print one table, side by side with its peers.

    Peers that can be installed are measured in the same run; of the others the published figures are shown, named so.
    """
    from xray3d.benchmarks import run_benchmark
    from xray3d.benchmarks.kept import keeping
    from xray3d.benchmarks.table import to_json, to_table

    if output is not None:
        check_output(output, overwrite)
    progress = Console(stderr=True)
    with keeping(keep), progress.status(f"benchmark {name}") as status:
        rows = run_benchmark(name, quick, lambda stage: status.update(f"benchmark {name}: {stage}"))
    if output is not None:
        output.write_text(to_json(rows) + "\n", encoding="utf-8")
    if json:
        print(to_json(rows))
    else:
        _wide_console().print(to_table(rows, f"xray3d benchmark {name}"))


def _wide_console() -> Console:
    """As wide as the terminal; in a file or pipe, wide enough that no row of the table wraps."""
    console = Console()
    return console if console.is_terminal else Console(width=_PIPE_WIDTH)
