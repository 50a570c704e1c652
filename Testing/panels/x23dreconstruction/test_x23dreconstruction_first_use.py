"""The X23D Reconstruction in a Slicer that has none of the packages yet."""

from pathlib import Path

from panel_support import run_in_new_python

FIRST_USE = """
import sys

LACKING = ("warp", "spekpy", "xraydb", "cv2", "torch", "monai", "safetensors")
sys.modules.update(dict.fromkeys(LACKING))  # importing them fails

import types

import numpy as np
import slicer
import standin
from panel_support import press
from x23dreconstruction_support import add_points, check, choose_places, open_widget, table_text
from XRayCoreLib import packages

sys.modules["PyTorchUtils"] = types.SimpleNamespace(PyTorchUtilsLogic=object)  # Slicer has the PyTorch extension
lacking = list(packages.FEATURES["reconstruction"].packages)
packages.missing = lambda feature: list(lacking)


def install(wanted):
    assert wanted == list(packages.FEATURES["reconstruction"].packages)
    lacking.clear()
    for name in LACKING:
        del sys.modules[name]


packages._install = install
widget = open_widget()
xray = slicer.util.addVolumeFromArray(np.zeros((1, 8, 8)), name="X-ray")
check(widget, xray)
assert table_text(widget.ui.xraysTable) == [["X-ray", "–"]]
assert "press Reconstruct to install" in widget.panel.bar.message, widget.panel.bar.message
choose_places(widget, add_points(("L3", (1, 2, 3))))
with standin.CapturedMessages(answer=False):
    widget.ui.reconstructButton.click()
assert "monai" in widget.panel.bar.message, widget.panel.bar.message
with standin.CapturedMessages(answer=True) as messages:
    press(widget, "reconstructButton")
assert len(messages.texts) == 1
assert "No X-ray is chosen" in widget.panel.bar.message, widget.panel.bar.message
assert table_text(widget.ui.xraysTable) == [["X-ray", "not usable"]]
assert "torch" not in sys.modules, "networks are for X-rays that can be used"
print("refused by the library")
"""


def test_the_panel_works_before_and_after_the_packages_are_installed():
    ran = run_in_new_python(FIRST_USE, Path(__file__).parent)
    assert ran.stdout.strip().endswith("refused by the library"), ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
