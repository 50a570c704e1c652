"""The DRR Simulator's panel, opened for a test."""

import pytest
import slicer
from drrsimulator_support import choose_ct, open_widget

from panel_support import settle
from XRayCoreLib import settings


@pytest.fixture
def widget():
    """The panel of a module just opened."""
    opened = open_widget()
    yield opened
    settings.set_device_choice(settings.AUTOMATIC)
    loaded = "DRRSimulator" in slicer.app.moduleManager().modulesNames()
    settle(slicer.util.getModuleWidget("DRRSimulator") if loaded else opened)


@pytest.fixture
def with_ct(widget):
    """The panel with a CT chosen."""
    choose_ct(widget)
    return widget
