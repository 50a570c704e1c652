"""The DRR Simulator in a Slicer that has none of the packages yet."""

import subprocess
import sys
from pathlib import Path

FIRST_USE = """
import sys

LACKING = ("warp", "spekpy", "xraydb")
sys.modules.update(dict.fromkeys(LACKING))  # importing them fails

import numpy as np
import slicer
import standin
from drrsimulator_support import apply, open_widget, preview_pixels, settle, simulated
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
    here = Path(__file__).parent
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {[str(here), str(here.parents[1])]!r}\n{FIRST_USE}"],
        capture_output=True,
        text=True,
    )
    assert ran.stdout.strip().endswith("taken"), ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
