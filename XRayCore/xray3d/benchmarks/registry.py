"""The benchmarks by name."""

from __future__ import annotations

from collections.abc import Callable

from xray3d.benchmarks import drr
from xray3d.benchmarks.inpainting import run as inpainting
from xray3d.benchmarks.public_registration import run_deepfluoro, run_ljubljana
from xray3d.benchmarks.registration import run as registration
from xray3d.benchmarks.scene_coordinates import run as scene_coordinates
from xray3d.benchmarks.table import Row
from xray3d.benchmarks.x23d import run as x23d
from xray3d.errors import XRay3DError

Report = Callable[[str], None]
"""Told in a few words what is being measured now."""

BENCHMARKS: dict[str, Callable[[bool, Report], list[Row]]] = {
    "drr": drr.run,
    "registration": registration.run,
    "scene-coordinates": scene_coordinates.run,
    "inpainting": inpainting.run,
    "x23d": x23d.run,
    "deepfluoro": run_deepfluoro,
    "ljubljana": run_ljubljana,
}


def run_benchmark(name: str, quick: bool = False, report: Report = lambda stage: None) -> list[Row]:
    """Run the benchmark called `name` and return its rows.

    Args:
        name: a key of `BENCHMARKS`.
        quick: fewer repeats, two to three minutes at most.
        report: called with each stage's name as it begins.

    Raises:
        XRay3DError: when there is no such benchmark.
    """
    if name not in BENCHMARKS:
        raise XRay3DError(f"There is no benchmark called {name!r}; choose one of: {', '.join(BENCHMARKS)}.")
    return BENCHMARKS[name](quick, report)
