"""`XRayInpaintingLogic` without its panel."""

import numpy as np
import pytest
import slicer
from xrayinpainting_support import (
    METAL,
    OUTPUTS,
    PAINTED,
    SIZE,
    add_segmentation_on,
    add_xray,
    image,
    mask_of,
    node_named,
    pixels_of,
    rod,
    scene_state,
)

import standin
from xray3d.errors import VolumeError
from xray3d.inpainting.growing import grown
from xray3d.inpainting.inpainter import Inpainter, inpaint
from xray3d.inpainting.model import SHIPPED
from xray3d.mrml.inpainting import region_on
from xray3d.mrml.xrays import projection_from_node


class TestInpaint:
    def test_finds_and_removes(self, logic, fake):
        xray = add_xray()
        clean = logic.inpaint(xray)
        assert clean.GetName() == "AP without implants"
        np.testing.assert_array_equal(pixels_of(clean), np.where(rod(), PAINTED, image()))
        np.testing.assert_allclose(projection_from_node(clean).matrix, projection_from_node(xray).matrix)
        np.testing.assert_array_equal(pixels_of(xray), image())
        np.testing.assert_array_equal(mask_of(xray), rod())
        assert all(node_named(f"AP {name}") is not None for name in OUTPUTS)

    @pytest.mark.parametrize("kind", ["segmentation", "label map", "array", "numbers"])
    def test_where_a_mask_says(self, logic, fake, kind):
        xray = add_xray()
        mask = rod(30)
        if kind == "segmentation":
            mask = add_segmentation_on(xray, mask)
        elif kind == "label map":
            mask = slicer.util.addVolumeFromArray(
                3 * mask[None].astype(np.uint8), nodeClassName="vtkMRMLLabelMapVolumeNode"
            )
            mask.CopyOrientation(xray)
        elif kind == "numbers":
            mask = 255 * mask.astype(np.uint8)
        clean = logic.inpaint(xray, mask)
        np.testing.assert_array_equal(pixels_of(clean), np.where(rod(30), PAINTED, image()))
        assert node_named("AP implants") is None

    def test_again_updates_the_same_node(self, logic, fake):
        xray = add_xray()
        first, count = logic.inpaint(xray), slicer.mrmlScene.GetNumberOfNodes()
        assert logic.inpaint(xray, rod(30)) is first
        assert slicer.mrmlScene.GetNumberOfNodes() == count
        assert fake.devices == ["cpu"]

    def test_only_the_copy(self, logic, fake):
        logic.inpaint(add_xray(), rod(), difference=False, uncertainty=False)
        assert [node_named(f"AP {name}") is None for name in OUTPUTS] == [False, True, True, True]

    def test_an_xray_without_geometry(self, logic, fake):
        xray = slicer.util.addVolumeFromArray(image(dtype=np.uint16)[None], name="Plain")
        clean = logic.inpaint(xray)
        assert slicer.util.arrayFromVolume(clean).dtype == np.uint16
        np.testing.assert_array_equal(pixels_of(clean), np.where(rod(), PAINTED, image()))

    def test_an_empty_mask_is_no_implant(self, logic, fake):
        xray = add_xray()
        for mask in (np.zeros(SIZE), add_segmentation_on(xray, np.zeros(SIZE, bool))):
            np.testing.assert_array_equal(pixels_of(logic.inpaint(xray, mask)), image())

    def test_refused(self, logic, fake):
        xray, other = add_xray(), add_xray("LAT", angle=90.0)
        elsewhere = add_segmentation_on(other, rod())
        before = scene_state()
        for node, mask, words in [
            (None, None, "No X-ray is chosen"),
            (elsewhere, None, "Drawn is no volume"),
            (xray, elsewhere, "Drawn covers nothing of AP"),
            (xray, node_named("LAT"), "covers all of AP|covers nothing of AP"),
        ]:
            with pytest.raises(VolumeError, match=words):
                logic.inpaint(node, mask)
            assert scene_state() == before


class TestFindImplants:
    def test_as_a_segmentation(self, logic, fake):
        xray = add_xray()
        node = logic.findImplants(xray)
        assert node is node_named("AP implants")
        np.testing.assert_array_equal(mask_of(xray), rod())
        assert logic.findImplants(xray) is node

    def test_inside_a_box(self, logic, fake):
        xray = add_xray()
        logic.findImplants(xray, region=region_on(xray))
        inside = np.zeros(SIZE, bool)
        inside[10:30, 13:39] = True
        np.testing.assert_array_equal(mask_of(xray), rod() & inside)


@pytest.fixture
def untrained(monkeypatch):
    """The library's own Inpainter, with small networks that learnt nothing."""
    from xray3d.inpainting.model import InpaintingModel
    from xray3d.inpainting.network import ImplantNetwork, InpaintingNetwork

    model = InpaintingModel(ImplantNetwork([4] * 6).eval(), InpaintingNetwork([4] * 6).eval())
    monkeypatch.setattr(Inpainter, "shipped", lambda device: Inpainter(model))


class TestLibrary:
    def test_what_surrounds_a_rod_goes_on_behind_it(self, logic, untrained):
        clean = pixels_of(logic.inpaint(add_xray(), rod())).astype(int)
        behind = image(np.zeros(SIZE, bool)).astype(int)
        missed, metal = np.abs(clean - behind), np.abs(image() - behind)
        assert missed[rod()].mean() < metal[rod()].mean() / 2
        assert not missed[~grown(rod(), 6)].any()
        assert pixels_of("AP inpainting uncertainty")[rod()].min() > 0
        np.testing.assert_array_equal(pixels_of("AP difference"), clean - image())

    def test_masks_of_another_size_and_of_everything(self, logic, untrained):
        xray = add_xray()
        for mask, words in ((np.ones((3, 4)), "AP: The mask has"), (np.ones(SIZE), "AP: The mask covers all")):
            with pytest.raises(VolumeError, match=words):
                logic.inpaint(xray, mask)

    def test_an_xray_of_one_grey_value(self, logic, untrained):
        xray = slicer.util.addVolumeFromArray(np.full((1, *SIZE), 7.0), name="Blank")
        with pytest.raises(VolumeError, match="Blank: What the mask leaves of the X-ray has one grey value"):
            logic.inpaint(xray, rod())


@pytest.mark.skipif(not SHIPPED.is_dir(), reason="no model has been trained yet")
def test_the_model_that_is_shipped(logic):
    rows, columns = np.indices((128, 128))
    grey = 1000 + 200 * np.sin(rows / 9) + 100 * np.cos(columns / 7)
    metal = (np.abs(columns - 64) < 5) & (np.abs(rows - 64) < 40)
    pixels = np.where(metal, METAL, grey).astype(np.int16)
    xray = slicer.util.addVolumeFromArray(pixels[None], name="AP")
    clean = logic.inpaint(xray)
    np.testing.assert_array_equal(pixels_of(clean), inpaint(pixels)[0])


def test_the_modules_own_test_passes():
    standin.make_module("XRayInpainting")
    slicer.selfTests["XRayInpainting"](msec=1)
