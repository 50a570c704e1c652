"""The X-ray Registration in a Slicer that has none of the packages yet."""

from pathlib import Path

from panel_support import run_in_new_python

FIRST_USE = """
import sys

LACKING = ("warp", "spekpy", "xraydb", "cv2")
sys.modules.update(dict.fromkeys(LACKING))  # importing them fails

import numpy as np
import slicer
import standin
from panel_support import settle
from xrayregistration_support import choose, open_widget, overlay_pixels
from XRayCoreLib import packages

lacking = list(packages.FEATURES["registration"].packages)
packages.missing = lambda feature: list(lacking)


def install(wanted):
    assert wanted == list(packages.FEATURES["registration"].packages)
    lacking.clear()
    for name in LACKING:
        del sys.modules[name]


packages._install = install
widget = open_widget()
hu = np.full((30, 30, 30), -1000.0)
hu[5:25, 5:25, 5:25] = 40.0
ct = slicer.util.addVolumeFromArray(hu, name="Patient")
xray = slicer.util.addVolumeFromArray(np.zeros((1, 8, 8)), name="X-ray")
choose(widget, ct, [xray])
widget.ui.rightMmSlider.value = 25
settle(widget)
assert "press Register to install" in widget.panel.bar.message, widget.panel.bar.message
with standin.CapturedMessages(answer=False):
    widget.ui.registerButton.click()
assert "opencv" in widget.panel.bar.message, widget.panel.bar.message
with standin.CapturedMessages(answer=True) as messages:
    widget.ui.registerButton.click()
    settle(widget)
assert len(messages.texts) == 1
assert "X-ray has no X-ray geometry" in widget.panel.bar.message, widget.panel.bar.message
assert not {"torch", "monai", "safetensors"} & set(sys.modules), "only models need networks"
print("refused by the library")
"""


def test_the_panel_works_before_and_after_the_packages_are_installed():
    ran = run_in_new_python(FIRST_USE, Path(__file__).parent)
    assert ran.stdout.strip().endswith("refused by the library"), ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
