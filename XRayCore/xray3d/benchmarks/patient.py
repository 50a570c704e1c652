"""How fast a view of a real CT is rendered again when its angles change: what makes a slider live."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from xray3d.benchmarks.table import Row, Value, against_limit
from xray3d.drr.exposure import expose
from xray3d.drr.physics.presets import preset
from xray3d.drr.renderer import DRRRenderer
from xray3d.geometry import Projection
from xray3d.volumes import load_ct

_CT_FILE = "ct/abdomen_pelvis_acrin001.nii.gz"
_CLEAN_LIMIT_MS, _REALISTIC_LIMIT_MS = 100.0, 200.0
_PRIMARY_ANGLES_DEG = np.linspace(-90.0, 90.0, 37)


def patient_rows(report: Callable[[str], None]) -> list[Row]:
    """Median time of a 256×256 view, clean and realistic; visibly skipped where the CT is not at hand."""
    path = data_folder() / _CT_FILE
    clean_ms: Value
    realistic_ms: Value
    if path.exists():
        report(f"views of {path.name}")
        clean_ms, realistic_ms = _view_ms(path)
    else:
        clean_ms = realistic_ms = f"skipped: no {_CT_FILE}; set XRAY3D_DATA to its folder"
    view = f"256×256 view of {path.name.split('.')[0]}"
    return [
        against_limit(view, clean_ms, "ms", "<", _CLEAN_LIMIT_MS),
        against_limit(f"{view}, realistic", realistic_ms, "ms", "<", _REALISTIC_LIMIT_MS),
    ]


def data_folder() -> Path:
    """Where the development data lie: the environment variable XRAY3D_DATA, or shared/data beside the repository."""
    beside_repository = Path(__file__).resolve().parents[4] / "shared" / "data"
    return Path(os.environ.get("XRAY3D_DATA", beside_repository))


def _view_ms(path: Path) -> tuple[float, float]:
    """Median time of the line integrals, and of the X-ray that a detector stores behind them."""
    ct = load_ct(path)
    renderer, technique = DRRRenderer(ct), preset("fluoroscopy")
    views = [
        Projection.from_carm(angle, 0.0, ct.center_ras, 1020.0, 700.0, (256, 256), (1.2, 1.2))
        for angle in _PRIMARY_ANGLES_DEG
    ]
    return _median_ms(renderer.render, views), _median_ms(lambda view: expose(renderer, view, technique), views)


def _median_ms(render: Callable[[Projection], object], views: list[Projection]) -> float:
    render(views[0])  # compiles the kernels
    seconds = []
    for view in views:
        start = time.perf_counter()
        render(view)
        seconds.append(time.perf_counter() - start)
    return float(1000.0 * np.median(seconds))
