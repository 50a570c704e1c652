"""How fast a view of a real CT is rendered again when its angles change: what makes a slider live."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from xray3d.benchmarks.table import Row, Value, against_limit
from xray3d.drr.renderer import DRRRenderer
from xray3d.geometry import Projection
from xray3d.volumes import load_ct

_CT_FILE = "ct/abdomen_pelvis_acrin001.nii.gz"
_VIEW_LIMIT_MS = 100.0
_PRIMARY_ANGLES_DEG = np.linspace(-90.0, 90.0, 37)


def patient_rows(report: Callable[[str], None]) -> list[Row]:
    """Median time of a 256×256 view; visibly skipped where the CT is not at hand."""
    path = data_folder() / _CT_FILE
    report(f"views of {path.name}")
    value: Value = _median_view_ms(path) if path.exists() else f"skipped: no {_CT_FILE}; set XRAY3D_DATA to its folder"
    return [against_limit(f"256×256 view of {path.name}", value, "ms", "<", _VIEW_LIMIT_MS)]


def data_folder() -> Path:
    """Where the development data lie: the environment variable XRAY3D_DATA, or shared/data beside the repository."""
    beside_repository = Path(__file__).resolve().parents[4] / "shared" / "data"
    return Path(os.environ.get("XRAY3D_DATA", beside_repository))


def _median_view_ms(path: Path) -> float:
    ct = load_ct(path)
    renderer = DRRRenderer(ct)
    views = [
        Projection.from_carm(angle, 0.0, ct.center_ras, 1020.0, 700.0, (256, 256), (1.2, 1.2))
        for angle in _PRIMARY_ANGLES_DEG
    ]
    renderer.render(views[0])  # compiles the kernels
    seconds = []
    for view in views:
        start = time.perf_counter()
        renderer.render(view)
        seconds.append(time.perf_counter() - start)
    return float(1000.0 * np.median(seconds))
