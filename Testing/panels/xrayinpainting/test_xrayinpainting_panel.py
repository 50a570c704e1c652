"""The X-ray Inpainting's panel, driven as a user drives it."""

import numpy as np
import slicer
from xrayinpainting_support import (
    METAL,
    OUTPUTS,
    PAINTED,
    SIZE,
    add_segmentation_on,
    add_xray,
    check,
    image,
    mask_of,
    node_named,
    pixels_of,
    rod,
    table_text,
)

import standin
from panel_support import press, settle
from xray3d.mrml.segmentations import put_segment
from xray3d.mrml.xrays import projection_from_node


def all_nodes():
    return [slicer.mrmlScene.GetNthNode(n) for n in range(slicer.mrmlScene.GetNumberOfNodes())]


class TestWithoutInput:
    def test_says_what_to_do(self, widget):
        assert widget.panel.bar.message == "Load an X-ray, or simulate one, to begin."
        assert not widget.ui.findButton.enabled
        node = add_xray()
        settle(widget)
        assert widget.panel.bar.message == "Check the X-rays to work on."
        assert not widget.ui.removeButton.enabled
        check(widget, node)
        assert widget.panel.bar.message == ""
        assert widget.ui.findButton.enabled
        assert widget.ui.removeButton.enabled

    def test_every_control_has_a_tooltip(self, widget):
        import qt

        kinds = (qt.QAbstractButton, qt.QComboBox, qt.QAbstractSpinBox, qt.QTableWidget)
        names = [
            name
            for name, child in vars(widget.ui).items()
            if (isinstance(child, kinds) or "Slider" in name or "Selector" in name)
            and not name.endswith("Section")
            and not name.startswith("qt_")
        ]
        assert len(names) > 15
        assert [name for name in names if not getattr(widget.ui, name).toolTip] == []

    def test_offers_what_may_be_an_xray(self, widget, fake):
        slicer.util.addVolumeFromArray(np.zeros((9, 8, 7)), name="CT")
        slicer.util.addVolumeFromArray(np.zeros((1, 8, 7)), name="Labels", nodeClassName="vtkMRMLLabelMapVolumeNode")
        slicer.util.addVolumeFromArray(np.zeros((1, 8, 7)), name="Plain")
        slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Hidden").SetHideFromEditors(True)
        node = add_xray()
        settle(widget)
        assert [row[0] for row in table_text(widget)] == ["Plain", "AP"]
        check(widget, node)
        press(widget, "removeButton")
        assert [row[0] for row in table_text(widget)] == ["Plain", "AP"]
        node.SetName("Frontal")
        settle(widget)
        assert [row[0] for row in table_text(widget)] == ["Plain", "Frontal"]


class TestFind:
    def test_shows_what_was_found(self, ready):
        (xray,) = ready.panel.checked()
        assert table_text(ready) == [["AP", "–", "–"]]
        press(ready, "findButton")
        np.testing.assert_array_equal(mask_of(xray), rod())
        assert ready.panel.bar.message.startswith("Implants were found on AP; correct them")
        assert table_text(ready) == [["AP", "found", "–"]]
        assert node_named("AP without implants") is None

    def test_again_updates_the_same_node(self, ready):
        (xray,) = ready.panel.checked()
        press(ready, "findButton")
        count = len(all_nodes())
        slicer.util.updateVolumeFromArray(xray, image(rod(30))[None])
        press(ready, "findButton")
        assert len(all_nodes()) == count
        np.testing.assert_array_equal(mask_of(xray), rod(30))

    def test_only_inside_a_box(self, ready):
        (xray,) = ready.panel.checked()
        press(ready, "regionButton")
        box = ready.panel.parameters.region
        assert ready.ui.regionSelector.currentNode() is box
        assert box.GetName() == "AP region"
        press(ready, "findButton")
        rows, columns = np.nonzero(mask_of(xray))
        assert (rows.min(), rows.max()) == (10, 24)
        assert (columns.min(), columns.max()) == (20, 23)

    def test_only_inside_a_segment(self, ready):
        (xray,) = ready.panel.checked()
        upper = np.zeros(SIZE, bool)
        upper[:12] = True
        ready.ui.regionSelector.setCurrentNode(add_segmentation_on(xray, upper))
        settle(ready)
        press(ready, "findButton")
        np.testing.assert_array_equal(mask_of(xray), rod() & upper)

    def test_grow_and_shrink(self, ready):
        (xray,) = ready.panel.checked()
        press(ready, "growButton")
        assert "press Find implants" in ready.panel.bar.message
        press(ready, "findButton")
        ready.ui.growPxSpinBox.value = 3
        settle(ready)
        press(ready, "growButton")
        rows, columns = np.nonzero(mask_of(xray))
        assert (rows.min(), rows.max(), columns.min(), columns.max()) == (2, 27, 17, 26)
        press(ready, "shrinkButton")
        np.testing.assert_array_equal(mask_of(xray), rod())
        press(ready, "shrinkButton")
        assert not mask_of(xray).any()
        assert table_text(ready) == [["AP", "none", "–"]]

    def test_nothing_there(self, ready):
        xray = add_xray("Healthy", np.zeros(SIZE, bool))
        check(ready, xray)
        press(ready, "findButton")
        assert ready.panel.bar.message == "No implant was found on Healthy."
        assert not mask_of(xray).any()


class TestRemove:
    def test_makes_a_copy_without_implants(self, ready):
        (xray,) = ready.panel.checked()
        press(ready, "removeButton")
        clean = node_named("AP without implants")
        np.testing.assert_array_equal(pixels_of(clean), np.where(rod(), PAINTED, image()))
        assert clean.GetImageData().GetScalarType() == xray.GetImageData().GetScalarType()
        np.testing.assert_allclose(projection_from_node(clean).matrix, projection_from_node(xray).matrix)
        np.testing.assert_array_equal(pixels_of("AP difference"), np.where(rod(), PAINTED - METAL, 0))
        np.testing.assert_array_equal(pixels_of("AP inpainting uncertainty"), np.where(rod(), 12.5, 0))
        np.testing.assert_array_equal(mask_of(xray), rod())
        np.testing.assert_array_equal(pixels_of(xray), image())
        assert ready.panel.bar.message.startswith("Implants were removed from AP;")
        assert table_text(ready) == [["AP", "found", "made"]]

    def test_again_updates_the_same_nodes(self, ready):
        (xray,) = ready.panel.checked()
        press(ready, "removeButton")
        before = [node_named(f"AP {name}") for name in OUTPUTS]
        slicer.util.updateVolumeFromArray(xray, image(rod(30))[None])
        press(ready, "findButton")
        press(ready, "removeButton")
        assert [node_named(f"AP {name}") for name in OUTPUTS] == before
        np.testing.assert_array_equal(pixels_of("AP difference"), np.where(rod(30), PAINTED - METAL, 0))

    def test_what_was_corrected_counts(self, ready, fake):
        (xray,) = ready.panel.checked()
        press(ready, "findButton")
        put_segment(node_named("AP implants"), "Implants", rod(40)[None], xray)
        fake.asked.clear()
        press(ready, "removeButton")
        ((what, mask),) = fake.asked
        assert what == "paint"
        np.testing.assert_array_equal(mask, rod(40))
        np.testing.assert_array_equal(mask_of(xray), rod(40))

    def test_what_the_user_drew_counts(self, ready, fake):
        (xray,) = ready.panel.checked()
        ready.ui.implantsSelector.setCurrentNode(add_segmentation_on(xray, rod(40)))
        settle(ready)
        assert not ready.ui.growButton.enabled
        press(ready, "removeButton")
        np.testing.assert_array_equal(fake.asked[-1][1], rod(40))
        assert node_named("AP implants") is None

    def test_finding_takes_the_place_of_what_was_drawn(self, ready):
        (xray,) = ready.panel.checked()
        drawn = add_segmentation_on(xray, rod(40))
        ready.ui.implantsSelector.setCurrentNode(drawn)
        settle(ready)
        press(ready, "findButton")
        assert ready.panel.parameters.implants is None
        assert slicer.mrmlScene.IsNodePresent(drawn)

    def test_without_an_implant_nothing_changes(self, ready):
        check(ready, add_xray("Healthy", np.zeros(SIZE, bool)))
        press(ready, "removeButton")
        assert ready.panel.bar.message == "No implant was found on Healthy, which stays as it is."
        np.testing.assert_array_equal(pixels_of("Healthy without implants"), pixels_of("Healthy"))
        assert table_text(ready)[1] == ["Healthy", "none", "made"]

    def test_several_at_once(self, ready):
        nodes = [*ready.panel.checked(), add_xray("LAT", rod(30), 90.0), add_xray("Healthy", np.zeros(SIZE, bool))]
        check(ready, *nodes)
        press(ready, "removeButton")
        for node, covered in zip(nodes, (rod(), rod(30), None), strict=True):
            expected = pixels_of(node) if covered is None else np.where(covered, PAINTED, image(covered))
            np.testing.assert_array_equal(pixels_of(f"{node.GetName()} without implants"), expected)
        assert "removed from AP, LAT;" in ready.panel.bar.message
        assert "No implant was found on Healthy" in ready.panel.bar.message

    def test_only_what_is_wanted(self, ready):
        ready.ui.differenceCheckBox.checked = False
        ready.ui.uncertaintyCheckBox.checked = False
        settle(ready)
        press(ready, "removeButton")
        assert node_named("AP difference") is None
        assert node_named("AP inpainting uncertainty") is None
        assert node_named("AP without implants") is not None


class TestPaint:
    def test_opens_the_segment_editor(self, ready, monkeypatch):
        class Editor:
            def setSegmentationNode(self, node):
                self.segmentation = node

            def setSourceVolumeNode(self, node):
                self.source = node

        (xray,) = ready.panel.checked()
        ready.editor = Editor()
        with monkeypatch.context() as patched:
            patched.setattr(slicer.modules, "segmenteditor", object(), raising=False)
            patched.setattr(slicer.util, "getModuleWidget", lambda name: {"SegmentEditor": ready}[name])
            ready.ui.paintButton.click()
        assert slicer.util.selectedModule() == "SegmentEditor"
        assert ready.editor.segmentation is node_named("AP implants")
        assert ready.editor.source is xray
        assert list(ready.editor.segmentation.GetSegmentation().GetSegmentIDs()) == ["Implants"]
        assert ready.panel.parameters is None

    def test_without_a_segment_editor(self, ready):
        ready.ui.paintButton.click()
        assert node_named("AP implants") is not None
        slicer.util.selectModule("XRayInpainting")
        settle(ready)
        assert table_text(ready) == [["AP", "none", "–"]]

    def test_goes_on_with_what_is_there(self, ready):
        (xray,) = ready.panel.checked()
        press(ready, "findButton")
        ready.ui.paintButton.click()
        np.testing.assert_array_equal(mask_of(xray), rod())
        put_segment(node_named("AP implants"), "Implants", rod(40)[None], xray)
        slicer.util.selectModule("XRayInpainting")
        press(ready, "removeButton")
        np.testing.assert_array_equal(pixels_of("AP without implants"), np.where(rod(40), PAINTED, image()))


def test_the_picture_of_the_panel(ready, tmp_path):
    press(ready, "removeButton")
    standin.grab(ready, tmp_path / "panel.png")
    assert (tmp_path / "panel.png").stat().st_size > 10_000
