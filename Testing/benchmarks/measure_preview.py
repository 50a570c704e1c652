"""From the move of a slider to the new image in the DRR Simulator's panel, in ms; run by hand:

PYTHONPATH=Testing:Testing/panels:Testing/panels/drrsimulator python Testing/benchmarks/measure_preview.py [CT.nii.gz]
"""

import sys
import time
from pathlib import Path

import numpy as np
import slicer
from drrsimulator_support import open_widget, settle

from xray3d import load_ct
from xray3d.benchmarks.patient import data_folder
from xray3d.mrml.volumes import ct_to_node

MOVES = 40


def main(ct_path: Path) -> None:
    """Measure the preview of this CT, of line integrals and of a realistic X-ray."""
    widget = open_widget()
    widget.ui.ctSelector.setCurrentNode(ct_to_node(load_ct(ct_path), "Patient"))
    settle(widget)
    for physics in ("line integrals", "fluoroscopy"):
        widget.ui.physicsComboBox.setCurrentText(physics)
        settle(widget)
        times_ms = [1000 * seconds_to_image(widget, angle) for angle in np.linspace(-40, 39, MOVES)]
        columns, rows, _ = _preview().GetImageData().GetDimensions()
        print(f"{physics}, {rows}×{columns}: median {np.median(times_ms):.0f} ms, best {min(times_ms):.0f} ms")


def seconds_to_image(widget, primary_deg: float) -> float:
    """From setting the slider until the preview's node has another image."""
    before = _preview().GetImageData().GetMTime()
    start = time.perf_counter()
    widget.ui.primarySlider.value = primary_deg
    while _preview().GetImageData().GetMTime() == before:
        slicer.app.processEvents()
    return time.perf_counter() - start


def _preview():
    from DRRSimulatorLib.views import previewNode

    return previewNode()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else data_folder() / "ct" / "abdomen_pelvis_acrin001.nii.gz")
