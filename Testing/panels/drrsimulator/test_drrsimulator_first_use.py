"""The DRR Simulator in a Slicer that has none of the packages yet."""

from pathlib import Path

from panel_support import run_in_new_python

FIRST_USE = """
import sys

LACKING = ("warp", "spekpy", "xraydb")
sys.modules.update(dict.fromkeys(LACKING))  # importing them fails

import numpy as np
import slicer
import standin
from panel_support import settle
from drrsimulator_support import apply, open_widget, preview_pixels, simulated
from XRayCoreLib import packages

lacking = list(packages.FEATURES["rendering"].packages)
packages.missing = lambda feature: list(lacking)


def install(wanted):
    assert wanted == list(packages.FEATURES["rendering"].packages)
    lacking.clear()
    for name in LACKING:
        del sys.modules[name]


packages._install = install
widget = open_widget()
hu = np.full((30, 30, 30), -1000.0)
hu[5:25, 5:25, 5:25] = 40.0
node = slicer.util.addVolumeFromArray(hu, name="Patient")
widget.ui.ctSelector.setCurrentNode(node)
widget.ui.primarySlider.value = 25
settle(widget)
assert widget.ui.directionLabel.text == "LAO 25°"
assert "press Apply to install" in widget.panel.bar.message, widget.panel.bar.message
assert preview_pixels() is None
with standin.CapturedMessages(answer=False):
    widget.ui.applyButton.click()
assert "warp-lang" in widget.panel.bar.message, widget.panel.bar.message
with standin.CapturedMessages(answer=True) as messages:
    taken = apply(widget)
assert len(messages.texts) == 1
assert len(simulated()) == 1, widget.panel.bar.message
assert abs(widget.panel.parameters.isocenterR - 14.5) < 1  # the CT's centre, which the panel could not know before
print("taken")
"""


def test_the_panel_works_before_and_after_the_packages_are_installed():
    ran = run_in_new_python(FIRST_USE, Path(__file__).parent)
    assert ran.stdout.strip().endswith("taken"), ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
