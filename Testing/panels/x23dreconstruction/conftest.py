"""The X23D Reconstruction's panel, opened for a test."""

import pytest
import slicer
from x23dreconstruction_support import (
    L3,
    L4,
    FakeReconstructor,
    add_points,
    add_xray,
    check,
    choose_places,
    install_fake,
    open_widget,
)

import standin
from panel_support import settle
from XRayCoreLib import settings


@pytest.fixture
def widget():
    """The panel of a module just opened."""
    opened = open_widget()
    yield opened
    settings.set_device_choice(settings.AUTOMATIC)
    loaded = "X23DReconstruction" in slicer.app.moduleManager().modulesNames()
    settle(slicer.util.getModuleWidget("X23DReconstruction") if loaded else opened)


@pytest.fixture
def logic():
    """The logic without a panel."""
    standin.make_module("X23DReconstruction")
    from X23DReconstruction import X23DReconstructionLogic

    return X23DReconstructionLogic()


@pytest.fixture
def fake(monkeypatch):
    """A reconstructor that answers at once."""
    standin.make_module("X23DReconstruction")
    return install_fake(monkeypatch, FakeReconstructor())


@pytest.fixture
def ready(fake, widget):
    """The panel with two X-rays checked, two levels marked, and a fake reconstructor."""
    check(widget, add_xray(), add_xray("LAT", 90.0))
    choose_places(widget, add_points(("L3", L3), ("L4", L4)))
    return widget
