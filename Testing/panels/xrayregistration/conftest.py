"""The X-ray Registration's panel, opened for a test."""

import pytest
import slicer
from xrayregistration_support import FAR, MOVED, FakeRegistrar, add_ct, add_xray, choose, install_fake, off, open_widget

import standin
from panel_support import settle
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


@pytest.fixture
def model_folder(tmp_path):
    """A model of the small patient."""
    from xrayregistration_models import make_model  # here and below: it brings PyTorch, which most tests do without

    make_model().save(tmp_path / "model")
    return str(tmp_path / "model")


@pytest.fixture
def seeing(monkeypatch):
    """Models see everything."""
    from xrayregistration_models import sees_everything

    from xray3d.registration.scene_regression.locating import Locator

    monkeypatch.setattr(Locator, "locate", sees_everything())


@pytest.fixture
def modelled(ready, fake, model_folder, seeing):
    """The panel with two X-rays far from where they belong, and a model that knows where that is."""
    import numpy as np
    from xrayregistration_models import use_model

    from xray3d.mrml.transforms import add_transform

    fake.motions = [np.eye(4)]
    for node in (ready.panel.parameters.xray1, ready.panel.parameters.xray2):
        node.SetAndObserveTransformNodeID(add_transform(off(*FAR), "Far").GetID())
    use_model(ready, model_folder)
    return ready


@pytest.fixture
def trainer(monkeypatch):
    """The library trains nobody."""
    from xrayregistration_models import FakeTrainer, training

    fake = FakeTrainer()
    monkeypatch.setattr(training, "train", fake)
    return fake


@pytest.fixture
def new_folder(tmp_path):
    """Where a model is to be saved."""
    return tmp_path / "model"


@pytest.fixture
def trainable(widget, trainer, new_folder):
    """The panel with a CT and a folder for its model."""
    choose(widget, add_ct())
    widget.ui.newModelPathEdit.currentPath = str(new_folder)
    settle(widget)
    return widget


@pytest.fixture
def training_held(trainable, trainer):
    """A panel that trains, and waits before its third step until the test lets it go."""
    from xrayregistration_models import Pause, train_until

    trainer.before = Pause(2)
    go = train_until(trainable, trainer.before)
    yield trainable, go
    go.set()
    settle(trainable)
