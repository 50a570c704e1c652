"""Metal on X-rays that are registered: kept, ignored, or painted over."""

import threading

import numpy as np
import pytest
import slicer
from xrayregistration_support import MOVED, SIZE, add_ct, add_mask, add_xray, off, register, scene_state

import standin
from panel_support import settle
from xray3d.errors import XRay3DError
from xray3d.inpainting import inpainter
from xray3d.inpainting.finding import Found
from xray3d.inpainting.inpainter import Inpainter
from xray3d.inpainting.painting import Painted
from XRayCoreLib import packages

SCREW = np.zeros(SIZE, bool)
SCREW[20:30, 30:34] = True
DRAWN = np.zeros(SIZE, bool)
DRAWN[40:44, 10:20] = True
METAL, PAINT = 50.0, 0.125


class FakeInpainter:
    """Takes for metal what is bright, and paints it grey; keeps the threads in which it was asked for."""

    def __init__(self):
        self.threads = []
        self.wait = lambda: None

    def shipped(self, device="cpu"):
        assert device == "cpu"
        self.threads.append(threading.current_thread())
        self.wait()
        return self

    def find(self, xray):
        return Found(xray.pixels > METAL / 2, np.zeros(SIZE))

    def paint(self, xray, mask=None):
        where = self.find(xray).mask if mask is None else mask
        return Painted(np.where(where, PAINT, xray.pixels), where, np.zeros(SIZE))


@pytest.fixture
def networks(monkeypatch):
    """In the place of the model that comes with the library."""
    fake = FakeInpainter()
    monkeypatch.setattr(Inpainter, "shipped", fake.shipped)
    return fake


def add_metal(node):
    slicer.util.arrayFromVolume(node)[0][SCREW] = METAL
    slicer.util.arrayFromVolumeModified(node)


@pytest.fixture
def metallic(ready, networks):
    """The panel with two X-rays chosen, on the first of which there is a screw."""
    add_metal(ready.panel.parameters.xray1)
    settle(ready)
    return ready


def choose_implants(widget, choice):
    widget.ui.implantsComboBox.setCurrentText(choice)
    settle(widget)


def same(one, other):
    return (one is None and other is None) or np.array_equal(one, other)


class TestRegister:
    def test_keeps_them_unless_told_otherwise(self, metallic, fake, networks):
        combo = metallic.ui.implantsComboBox
        assert [combo.itemText(n) for n in range(combo.count)] == ["keep", "mask", "remove", "remove and mask"]
        assert combo.currentText == metallic.panel.parameters.implants == "keep"
        register(metallic)
        assert (fake.calls[0]["xrays"][0].pixels[SCREW] == METAL).all()
        assert fake.calls[0]["masks"] == [None, None]
        assert networks.threads == []
        assert "mplant" not in metallic.ui.detailsLabel.text

    @pytest.mark.parametrize(
        ("choice", "metal", "masks"),
        [("mask", METAL, [SCREW, None]), ("remove", PAINT, [None, None]), ("remove and mask", PAINT, [SCREW, None])],
    )
    def test_finds_them(self, metallic, fake, networks, choice, metal, masks):
        choose_implants(metallic, choice)
        before = slicer.util.arrayFromVolume(metallic.panel.parameters.xray1).copy()
        register(metallic)
        assert metallic.panel.bar.message == ""
        (call,) = fake.calls
        assert (call["xrays"][0].pixels[SCREW] == metal).all()
        assert all(same(one, other) for one, other in zip(call["masks"], masks, strict=True))
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(metallic.panel.parameters.xray1), before)
        assert "Accepted" in metallic.ui.verdictLabel.text
        assert "Implants cover 0.9%, 0.0% of the X-rays." in metallic.ui.detailsLabel.text
        (thread,) = networks.threads
        assert thread is not threading.main_thread()

    @pytest.mark.parametrize(
        ("choice", "metal", "mask"),
        [("mask", METAL, DRAWN), ("remove", METAL, None), ("remove and mask", METAL, DRAWN)],
    )
    def test_takes_them_from_a_mask(self, metallic, fake, choice, metal, mask):
        node = metallic.panel.parameters.xray1
        metallic.ui.maskSelector1.setCurrentNode(add_mask(node, DRAWN))
        choose_implants(metallic, choice)
        register(metallic)
        (call,) = fake.calls
        assert (call["xrays"][0].pixels[SCREW] == metal).all()
        assert (call["xrays"][0].pixels[DRAWN] == PAINT).all() == (choice != "mask")
        assert same(call["masks"][0], mask)

    def test_none_is_found(self, ready, networks):
        choose_implants(ready, "remove")
        register(ready)
        assert "No implant was found." in ready.ui.detailsLabel.text

    def test_undo_is_as_ever(self, metallic):
        before = scene_state()
        choose_implants(metallic, "remove and mask")
        register(metallic)
        assert scene_state() != before
        metallic.ui.undoButton.click()
        settle(metallic)
        assert scene_state() == before

    def test_cancelled_while_it_looks_for_them(self, metallic, fake, networks):
        reached, go = threading.Event(), threading.Event()
        networks.wait = lambda: (reached.set(), go.wait(20))
        choose_implants(metallic, "remove")
        before = scene_state()
        metallic.ui.registerButton.click()
        assert reached.wait(20)
        metallic.panel.bar.cancel()
        go.set()
        settle(metallic)
        assert "ancelled" in metallic.panel.bar.message
        assert (fake.calls, scene_state()) == ([], before)

    def test_without_a_model_it_says_so(self, ready, monkeypatch, tmp_path):
        monkeypatch.setattr(inpainter, "SHIPPED", tmp_path / "nowhere")
        choose_implants(ready, "remove")
        before = scene_state()
        register(ready)
        assert "finder holds no model" in ready.panel.bar.message
        assert scene_state() == before

    def test_a_model_for_the_ct_sees_what_is_registered(self, modelled, fake, networks, monkeypatch):
        from xray3d.registration.scene_regression.locating import Locator

        seen, locate = [], Locator.locate

        def watched(self, xrays, masks=None, seed=0, breathe=None):
            seen.append((xrays[0].pixels[SCREW], masks))
            return locate(self, xrays, masks, seed, breathe)

        monkeypatch.setattr(Locator, "locate", watched)
        add_metal(modelled.panel.parameters.xray1)
        choose_implants(modelled, "remove and mask")
        register(modelled)
        (pixels, masks), *_ = seen
        assert (pixels == PAINT).all()
        assert same(masks[0], SCREW)
        assert "Implants cover" in modelled.ui.detailsLabel.text


class TestPackages:
    @pytest.fixture
    def asked(self, monkeypatch):
        """A Slicer without networks; returns the features that it was asked to install."""
        features = []

        def ensure(feature):
            features.append(feature)
            if feature != "registration":
                raise packages.PackagesMissing("Removing implants needs Python packages that are not installed.")

        monkeypatch.setattr(packages, "ensure", ensure)
        return features

    @pytest.mark.parametrize("choice", ["mask", "remove", "remove and mask"])
    def test_networks_are_asked_for_where_they_are_used(self, metallic, fake, asked, choice):
        choose_implants(metallic, choice)
        assert asked == []
        before = scene_state()
        register(metallic)
        assert asked == ["inpainting"]
        assert "Removing implants needs Python packages" in metallic.panel.bar.message
        assert (fake.calls, scene_state()) == ([], before)

    def test_masks_of_all_x_rays_do_without(self, metallic, fake, asked):
        parameters = metallic.panel.parameters
        for number, node in enumerate((parameters.xray1, parameters.xray2), start=1):
            getattr(metallic.ui, f"maskSelector{number}").setCurrentNode(add_mask(node, DRAWN))
        choose_implants(metallic, "mask")
        register(metallic)
        assert asked == []
        assert all(same(mask, DRAWN) for mask in fake.calls[0]["masks"])


class TestScene:
    def test_an_mrb_keeps_the_choice_and_what_was_found(self, metallic, tmp_path):
        choose_implants(metallic, "remove and mask")
        register(metallic)
        details = metallic.ui.detailsLabel.text
        standin.save_scene(tmp_path / "scene.mrb")
        standin.close_scene()
        settle(metallic)
        assert metallic.ui.implantsComboBox.currentText == "keep"
        standin.load_scene(tmp_path / "scene.mrb")
        settle(metallic)
        assert metallic.panel.parameters.implants == metallic.ui.implantsComboBox.currentText == "remove and mask"
        assert metallic.ui.detailsLabel.text == details

    def test_what_this_version_cannot_read_is_keep(self, ready):
        node = ready.panel.parameters.parameterNode
        slicer.util.selectModule("")
        node.SetParameter("implants", "melt")
        slicer.util.selectModule("XRayRegistration")
        assert "this version cannot read (implants)" in ready.panel.bar.message
        assert ready.panel.parameters.implants == "keep"


class TestConsole:
    @pytest.mark.parametrize(("implants", "metal", "masked"), [("keep", METAL, False), ("both", PAINT, True)])
    def test_register(self, logic, fake, networks, implants, metal, masked):
        node = add_xray(0, moved=off(*MOVED))
        add_metal(node)
        assert logic.register(add_ct(), [node], implants=implants).result.verdict == "accepted"
        assert (fake.calls[0]["xrays"][0].pixels[SCREW] == metal).all()
        assert (fake.calls[0]["masks"][0] is not None) == masked
        assert (slicer.util.arrayFromVolume(node)[0][SCREW] == METAL).all()

    def test_what_there_is_not_is_one_sentence(self, logic):
        ct, node = add_ct(), add_xray()
        before = scene_state()
        with pytest.raises(XRay3DError, match="'melt' can be done about implants; choose one of: keep, mask, inpaint"):
            logic.register(ct, [node], implants="melt")
        assert scene_state() == before
