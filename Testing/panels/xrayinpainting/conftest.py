"""The X-ray Inpainting's panel, opened for a test."""

import pytest
import slicer
from xrayinpainting_support import FakeInpainter, add_xray, check, install_fake, open_widget

import standin
from panel_support import settle
from XRayCoreLib import settings


@pytest.fixture
def widget():
    """The panel of a module just opened."""
    opened = open_widget()
    yield opened
    settings.set_device_choice(settings.AUTOMATIC)
    loaded = "XRayInpainting" in slicer.app.moduleManager().modulesNames()
    settle(slicer.util.getModuleWidget("XRayInpainting") if loaded else opened)


@pytest.fixture
def logic():
    """The logic without a panel."""
    standin.make_module("XRayInpainting")
    from XRayInpainting import XRayInpaintingLogic

    return XRayInpaintingLogic()


@pytest.fixture
def fake(monkeypatch):
    """An inpainter that answers at once."""
    standin.make_module("XRayInpainting")
    return install_fake(monkeypatch, FakeInpainter())


@pytest.fixture
def ready(fake, widget):
    """The panel with an X-ray checked, and a fake inpainter."""
    check(widget, add_xray())
    return widget
