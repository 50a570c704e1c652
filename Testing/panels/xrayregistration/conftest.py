"""The X-ray Registration's panel, opened for a test."""

import pytest
import slicer
from xrayregistration_support import (
    MOVED,
    FakeRegistrar,
    add_ct,
    add_xray,
    choose,
    install_fake,
    off,
    open_widget,
    settle,
)

import standin
from XRayCoreLib import settings


@pytest.fixture
def widget():
    """The panel of a module just opened."""
    opened = open_widget()
    yield opened
    settings.set_device_choice(settings.AUTOMATIC)
    loaded = "XRayRegistration" in slicer.app.moduleManager().modulesNames()
    settle(slicer.util.getModuleWidget("XRayRegistration") if loaded else opened)


@pytest.fixture
def logic():
    """The logic without a panel."""
    standin.make_module("XRayRegistration")
    from XRayRegistration import XRayRegistrationLogic

    return XRayRegistrationLogic()


@pytest.fixture
def back():
    """The motion (4, 4) that brings X-rays that are off back to where they belong."""
    import numpy as np

    return np.linalg.inv(off(*MOVED))


@pytest.fixture
def fake(monkeypatch, back):
    """A registrar that brings X-rays that are off back."""
    standin.make_module("XRayRegistration")
    return install_fake(monkeypatch, FakeRegistrar([back]))


@pytest.fixture
def ready(fake, widget):
    """The panel with a CT and two X-rays that are off chosen, and a fake registrar that brings them back."""
    xrays = [add_xray(number, moved=off(*MOVED)) for number in (0, 1)]
    choose(widget, add_ct(), xrays)
    return widget
