"""The X-ray Registration's panel, driven as a user drives it."""

import numpy as np
import pytest
import slicer
from xrayregistration_support import (
    MOVED,
    SIZE,
    add_ct,
    add_mask,
    add_points,
    add_xray,
    choose,
    hand_motion,
    off,
    register,
    scene_state,
    small_ct,
    true_view,
)

from panel_support import settle
from xray3d.mrml.registration import REGISTRATION_ATTRIBUTE, projection_at_start
from xray3d.mrml.transforms import add_transform
from xray3d.mrml.xrays import projection_from_node


def same(one, other):
    return np.allclose(one.extrinsic, other.extrinsic, atol=1e-6)


def transforms_made():
    """The transform nodes of registrations."""
    nodes = slicer.util.getNodesByClass("vtkMRMLLinearTransformNode")
    return [node for node in nodes if node.GetAttribute(REGISTRATION_ATTRIBUTE)]


def xrays_of(widget):
    from XRayRegistrationLib.parameters import chosen

    return chosen(widget.panel.parameters, "xray")


class TestWithoutInput:
    def test_says_what_to_do(self, widget):
        assert not widget.ui.registerButton.enabled
        assert "CT" in widget.panel.bar.message
        choose(widget, add_ct())
        assert "X-ray" in widget.panel.bar.message
        assert not widget.ui.registerButton.enabled
        choose(widget, widget.panel.parameters.ct, [add_xray()])
        assert widget.panel.bar.message == ""
        assert widget.ui.registerButton.enabled

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
        assert len(names) > 30
        assert [name for name in names if not getattr(widget.ui, name).toolTip] == []

    def test_a_further_row_comes_with_each_xray(self, widget):
        def rows():
            return [n for n in range(1, 5) if not getattr(widget.ui, f"xraySelector{n}").isHidden()]

        assert rows() == [1]
        for number in range(4):
            choose(widget, None, [add_xray(n) for n in range(number + 1)])
            assert rows() == list(range(1, min(number + 2, 4) + 1))


class TestRegister:
    def test_moves_the_xrays_and_their_sources(self, ready, fake):
        register(ready)
        nodes = xrays_of(ready)
        for number, node in enumerate(nodes):
            assert same(projection_from_node(node), true_view(number))
        transform = nodes[0].GetParentTransformNode()
        assert transform is nodes[1].GetParentTransformNode()
        assert transform.GetName() == "Registration of X-ray 1, X-ray 2"
        assert transforms_made() == [transform]
        (call,) = fake.calls
        assert call["search"] == "auto"
        assert call["relative_error"] is None
        assert call["masks"] == [None, None]
        assert call["region"] is None
        np.testing.assert_allclose(call["ct"].hu, small_ct().hu)

    def test_says_how_good_it_is(self, ready):
        assert "Not registered yet" in ready.ui.verdictLabel.text
        register(ready)
        assert ready.ui.verdictLabel.text == "Accepted. X-rays and CT agree."
        for words in ("0.93", "60%", "1.2 s"):
            assert words in ready.ui.detailsLabel.text
        table = ready.ui.resultTable
        assert table.rowCount == 2
        assert table.item(0, 0).text() == "X-ray 1"
        assert [table.item(row, 1).text() for row in (0, 1)] == ["0.95", "0.91"]
        assert table.item(0, 3).text() == "3.74 °"  # √(2² + 3² + 1²)
        # The error is largest from the front to the back, which is along the first X-ray's rays.
        assert (table.item(0, 4).text(), table.item(0, 5).text()) == ("1.00 mm", "0.36 mm")
        assert table.item(1, 5).text() > "0.9"

    def test_a_doubtful_result_is_there_and_says_so(self, ready, fake):
        fake.verdict, fake.reason = "doubtful", "The similarity is low."
        register(ready)
        assert ready.ui.verdictLabel.text == "Doubtful. The similarity is low."
        assert same(projection_from_node(xrays_of(ready)[0]), true_view(0))

    def test_a_failed_one_moves_nothing(self, ready, fake):
        fake.verdict, fake.reason = "failed", "Nothing in the CT looks like the X-rays."
        before = scene_state()
        register(ready)
        assert ready.ui.verdictLabel.text.startswith("Failed; nothing was moved.")
        assert ready.ui.resultTable.isHidden()
        assert scene_state() == before
        assert not ready.ui.undoButton.enabled

    def test_under_a_transform_of_the_users(self, ready):
        table = add_transform(off((100, 0, 0), (0, 0, 30)), "Table")
        node = xrays_of(ready)[0]
        node.SetAndObserveTransformNodeID(table.GetID())
        before = projection_from_node(node)
        register(ready)
        assert node.GetParentTransformNode().GetParentTransformNode() is table
        assert same(projection_from_node(node), before.moved(np.linalg.inv(off(*MOVED))))

    def test_options_reach_the_library(self, ready, fake):
        from xray3d.mrml.segmentations import add_segmentation

        parameters = ready.panel.parameters
        covered = np.zeros(SIZE, bool)
        covered[10:20, 5:9] = True
        ready.ui.maskSelector2.setCurrentNode(add_mask(xrays_of(ready)[1], covered))
        bone = small_ct().hu > 500
        segmentation = add_segmentation(bone, parameters.ct, {1: "L3"})
        ready.ui.regionSelector.setCurrentNode(segmentation)
        ready.ui.regionSelector.setCurrentSegmentID(segmentation.GetSegmentation().GetNthSegmentID(0))
        ready.ui.viewsMayMoveCheckBox.checked = True
        ready.ui.relativeMmSpinBox.value = 3.5
        ready.ui.searchAroundCheckBox.checked = False
        settle(ready)
        register(ready)
        (call,) = fake.calls
        assert call["masks"][0] is None
        np.testing.assert_array_equal(call["masks"][1], covered)
        np.testing.assert_array_equal(call["region"].labels != 0, bone)
        assert (call["relative_error"].translation_mm, call["relative_error"].rotation_deg) == (3.5, 1.0)
        assert call["search"] == "off"

    def test_a_search_is_wide(self, ready, fake):
        ready.ui.startComboBox.setCurrentText("search")
        settle(ready)
        assert ready.ui.searchAroundCheckBox.isHidden()
        register(ready)
        assert fake.calls[0]["search"] == "wide"

    def test_views_that_may_move_get_transforms_of_their_own(self, ready, fake, back):
        fake.motions = [back, off((1, 0, 0)) @ back]
        ready.ui.viewsMayMoveCheckBox.checked = True
        register(ready)
        first, second = xrays_of(ready)
        assert first.GetTransformNodeID() != second.GetTransformNodeID()
        assert same(projection_from_node(first), true_view(0))
        assert same(projection_from_node(second), true_view(1).moved(off((1, 0, 0))))

    def test_masks_and_landmarks_go_along(self, ready):
        covered = np.zeros(SIZE, bool)
        covered[10:20, 5:9] = True
        mask = add_mask(xrays_of(ready)[0], covered)
        ready.ui.maskSelector1.setCurrentNode(mask)
        register(ready)
        assert mask.GetTransformNodeID() == xrays_of(ready)[0].GetTransformNodeID()

    def test_starts_from_landmarks(self, ready, fake):
        points = np.array([[5.0, 10, 20], [40, -10, 50], [-20, 30, 0], [20, 40, 60], [0, -20, -10]])
        names = list("abcde")
        node = xrays_of(ready)[0]
        seen = true_view(0)
        depths = np.full(len(points), seen.sdd_mm)
        on_detector = seen.moved(off(*MOVED)).unproject(seen.project(points), depths)
        ready.ui.startComboBox.setCurrentText("landmarks")
        settle(ready)
        assert not ready.ui.landmarksFrame.isHidden()
        ready.ui.ctLandmarksSelector.setCurrentNode(add_points("In CT", points, names))
        ready.ui.landmarksSelector1.setCurrentNode(add_points("In X-ray", on_detector, names))
        fake.motions = [np.eye(4)]
        register(ready)
        assert ready.panel.bar.message == ""
        assert ready.ui.detailsLabel.text.startswith("Similarity")
        np.testing.assert_allclose(fake.calls[0]["initial"][0].extrinsic, true_view(0).extrinsic, atol=1e-3)
        np.testing.assert_allclose(projection_from_node(node).extrinsic, true_view(0).extrinsic, atol=1e-3)
        np.testing.assert_allclose(
            projection_from_node(xrays_of(ready)[1]).extrinsic, true_view(1).extrinsic, atol=1e-3
        )

    def test_landmarks_start_from_what_is_shown_too(self, ready, fake):
        """One pair keeps the X-rays' direction, which is the one that the hand gave them."""
        point = np.array([[40.0, -10, 50]])
        node = xrays_of(ready)[0]
        view = projection_from_node(node)
        on_detector = view.unproject(view.project(point), np.full(1, view.sdd_mm))
        ready.ui.startComboBox.setCurrentText("landmarks")
        ready.ui.ctLandmarksSelector.setCurrentNode(add_points("In CT", point, ["a"]))
        ready.ui.landmarksSelector1.setCurrentNode(add_points("In X-ray", on_detector, ["a"]))
        ready.ui.turnDegSlider.value = 6.0
        settle(ready)
        shown = view.moved(hand_motion(ready))
        fake.motions = [np.eye(4)]
        register(ready)
        assert ready.panel.bar.message == ""
        start = fake.calls[0]["initial"][0]
        np.testing.assert_allclose(start.extrinsic[:3, :3], shown.extrinsic[:3, :3], atol=1e-6)
        np.testing.assert_allclose(start.project(point), view.project(point), atol=1e-3)
        assert same(projection_from_node(node), start)

    def test_landmarks_that_do_not_fit_are_named(self, ready, fake):
        points = np.array([[5.0, 10, 20], [40, -10, 50], [-20, 30, 0], [20, 40, 60], [0, -20, -10], [30, 10, 0]])
        names = ["one", "two", "three", "four", "five", "six"]
        view = projection_from_node(xrays_of(ready)[0])
        wrong = points + np.eye(6)[:, [3]] * [60.0, 0, 40]
        on_detector = view.unproject(view.project(wrong), np.full(6, view.sdd_mm))
        ready.ui.startComboBox.setCurrentText("landmarks")
        ready.ui.ctLandmarksSelector.setCurrentNode(add_points("In CT", points, names))
        ready.ui.landmarksSelector1.setCurrentNode(add_points("In X-ray", on_detector, names))
        register(ready)
        assert "four" in ready.ui.detailsLabel.text


class TestUndo:
    def test_everything_is_as_before(self, ready):
        before = scene_state()
        register(ready)
        assert scene_state() != before
        ready.ui.undoButton.click()
        settle(ready)
        assert scene_state() == before
        assert "Not registered yet" in ready.ui.verdictLabel.text
        assert not ready.ui.undoButton.enabled

    def test_one_step_after_the_other(self, ready, fake):
        states = [scene_state()]
        for _ in range(2):
            register(ready)
            states.append(scene_state())
        for expected in states[1::-1]:
            ready.ui.undoButton.click()
            settle(ready)
            assert scene_state() == expected

    def test_after_the_xray_was_deleted(self, ready):
        register(ready)
        slicer.mrmlScene.RemoveNode(xrays_of(ready)[0])
        settle(ready)
        ready.ui.undoButton.click()
        settle(ready)
        assert ready.panel.bar.message == ""
        assert transforms_made() == []

    def test_placed_by_hand_is_not_the_last_registration(self, ready):
        node = xrays_of(ready)[0]
        before = projection_from_node(node)
        ready.ui.rightMmSlider.value = 9.0
        ready.ui.useAsStartButton.click()
        settle(ready)
        assert not ready.ui.compareButton.enabled
        placed = projection_from_node(node)
        assert not same(placed, before)
        register(ready)
        ready.ui.downMmSlider.value = 5.0
        ready.ui.useAsStartButton.click()
        settle(ready)
        assert ready.ui.compareButton.enabled
        assert same(projection_at_start(node), placed)

    def test_the_start_can_be_compared_with(self, ready):
        assert not ready.ui.compareButton.enabled
        node = xrays_of(ready)[0]
        before = projection_from_node(node)
        register(ready)
        assert ready.ui.compareButton.enabled
        assert same(projection_at_start(node), before)


@pytest.mark.parametrize("missing", ["ct", "xray"])
def test_a_node_that_is_removed_is_not_chosen_any_more(ready, missing):
    node = ready.panel.parameters.ct if missing == "ct" else xrays_of(ready)[0]
    slicer.mrmlScene.RemoveNode(node)
    settle(ready)
    if missing == "ct":
        assert not ready.ui.registerButton.enabled
        assert "CT" in ready.panel.bar.message
    else:
        assert [xray.GetName() for xray in xrays_of(ready)] == ["X-ray 2"]
        assert ready.panel.parameters.shownXray.GetName() == "X-ray 2"
