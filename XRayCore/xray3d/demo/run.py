"""From the choice of a patient to the finished report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xray3d.demo.patient import choose_patient
from xray3d.demo.report import report_html
from xray3d.demo.scene import make_scene
from xray3d.demo.views import ANGLES_DEG, take_views
from xray3d.drr import DRRRenderer


def run_demo(ct_path: Path | None, folder: Path, device: str, progress: Callable[[str, float], None]) -> Path:
    """Simulate X-rays of a CT's thoracolumbar spine, without and with pedicle screws; leave a scene for 3D Slicer too.

    Args:
        ct_path: the CT; None for the sample CT, or offline for the synthetic spine.
        folder: where images, geometry and report go; exists.
        device: "cpu", "cuda" or "cuda:N".
        progress: told what is being done and the share that is done.

    Returns:
        The report's file.
    """
    progress("choosing the patient", 0.0)
    patient = choose_patient(ct_path)
    progress("preparing the CT", 0.1)
    renderer = DRRRenderer(patient.ct, device)
    views = []
    for view in take_views(patient, renderer, folder):
        views.append(view)
        progress(f"{view.name} view taken", 0.1 + 0.7 * len(views) / len(ANGLES_DEG))
    progress("making the scene for 3D Slicer", 0.8)
    scene = make_scene(patient, views, folder)
    report = folder / "report.html"
    report.write_text(report_html(patient, views, scene), encoding="utf-8")
    return report
