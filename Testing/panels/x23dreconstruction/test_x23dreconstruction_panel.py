"""The X23D Reconstruction's panel, driven as a user drives it."""

import numpy as np
import pytest
import slicer
from x23dreconstruction_support import (
    L3,
    L4,
    add_box,
    add_plain,
    add_points,
    add_xray,
    check,
    choose_places,
    is_ball,
    marked,
    node_named,
    outline_nodes,
    table_text,
)

import standin
from panel_support import press, settle
from xray3d.mrml.inpainting import show_clean, show_uncertainty
from xray3d.reconstruction import agreement


class TestWithoutInput:
    def test_says_what_to_do(self, widget):
        assert widget.panel.bar.message.startswith("Load X-rays with their geometry")
        add_plain()
        settle(widget)
        assert widget.panel.bar.message.startswith("No X-ray here has a geometry")
        first, second = add_xray(), add_xray("LAT", 90.0)
        settle(widget)
        assert widget.panel.bar.message == "Check the X-rays to reconstruct from."
        check(widget, first)
        assert widget.panel.bar.message.startswith("Say where the vertebrae are")
        assert not widget.ui.reconstructButton.enabled
        choose_places(widget, add_points(("L3", L3)))
        assert widget.panel.bar.message.startswith("From one X-ray, depth is uncertain")
        assert widget.ui.reconstructButton.enabled
        check(widget, first, second)
        assert widget.panel.bar.message == ""

    def test_every_control_has_a_tooltip(self, widget):
        import qt

        kinds = (qt.QAbstractButton, qt.QComboBox, qt.QTableWidget)
        names = [
            name
            for name, child in vars(widget.ui).items()
            if (isinstance(child, kinds) or "Selector" in name)
            and not name.endswith("Section")
            and not name.startswith("qt_")
        ]
        assert len(names) >= 9
        assert [name for name in names if not getattr(widget.ui, name).toolTip] == []

    def test_x_rays_without_geometry_are_listed_with_the_reason(self, widget):
        import qt

        plain, node = add_plain(), add_xray()
        show_clean(np.zeros((60, 72)), node)
        show_uncertainty(np.zeros((60, 72)), node)
        slicer.util.addVolumeFromArray(np.zeros((9, 8, 7)), name="CT")
        settle(widget)
        table = widget.ui.xraysTable
        assert table_text(table) == [["Plain", "not usable"], ["AP", "known"], ["AP without implants", "known"]]
        assert "Plain has no X-ray geometry" in table.item(0, 0).toolTip()
        assert not table.item(0, 0).flags() & qt.Qt.ItemIsEnabled
        widget.panel.parameters.xrays = [plain, node]
        settle(widget)
        assert widget.panel.checked() == [node]


def clicked(name, ras):
    """Where a click on what a slice view shows at a point lands."""
    node = slicer.app.layoutManager().sliceWidget(name).sliceLogic().GetSliceNode()
    to_ras = slicer.util.arrayFromVTKMatrix(node.GetXYToRAS())
    x, y, _, _ = np.linalg.inv(to_ras) @ [*ras, 1]
    return (to_ras @ [x, y, 0, 1])[:3]


class TestNewPoints:
    def test_makes_a_list_and_has_the_user_place_it(self, widget):
        press(widget, "newPointsButton")
        node = widget.panel.parameters.places
        assert widget.ui.placesSelector.currentNode() is node
        assert node.IsA("vtkMRMLMarkupsFiducialNode")
        assert slicer.mrmlScene.GetNodeByID("vtkMRMLSelectionNodeSingleton").GetActivePlaceNodeID() == node.GetID()
        interaction = slicer.mrmlScene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
        assert interaction.GetCurrentInteractionMode() == slicer.vtkMRMLInteractionNode.Place
        assert "Click on each vertebral body in two X-rays or more" in widget.panel.bar.message
        assert "name each point by its level" in widget.panel.bar.message

    def test_clicks_on_two_x_rays_say_where_a_vertebra_is(self, ready):
        """As a surgeon does who has no CT: select an X-ray, click in the slice view, name the point."""
        press(ready, "newPointsButton")
        node = ready.panel.parameters.places
        for row, xray in enumerate(ready.panel.xrays):
            ready.ui.xraysTable.selectRow(row)
            settle(ready)
            for level, middle in (("T12", L3), ("L1", L4)):
                node.AddControlPoint(clicked("Red", marked(xray, middle)))
                node.SetNthControlPointLabel(node.GetNumberOfControlPoints() - 1, level)
        press(ready, "reconstructButton")
        assert ready.panel.bar.message.startswith("Reconstructed: T12, L1;")
        assert is_ball("T12", L3)
        assert is_ball("L1", L4)
        assert [row[0] for row in table_text(ready.ui.foundTable)] == ["T12", "L1"]
        assert [row[4] for row in table_text(ready.ui.foundTable)] == ["2", "2"]

    def test_names_that_slicer_gives_are_refused_with_what_to_do(self, ready):
        press(ready, "newPointsButton")
        node = ready.panel.parameters.places
        for xray in ready.panel.xrays:
            node.AddControlPoint(marked(xray, L3))
        press(ready, "reconstructButton")
        message = ready.panel.bar.message
        assert message.startswith("Vertebra marks Vertebra-1 on one of the chosen X-rays only")
        assert message.endswith("mark it on another one and give both points the same name.")


class TestReconstruct:
    def test_every_level_is_a_model_a_segment_and_a_row(self, ready, fake):
        press(ready, "reconstructButton")
        assert is_ball("L3", L3)
        assert is_ball("L4", L4)
        segmentation = node_named("Vertebrae").GetSegmentation()
        assert list(segmentation.GetSegmentIDs()) == ["L3", "L4"]
        assert [names for names, _ in fake.asked] == [["AP", "LAT"]] * 2
        rows = table_text(ready.ui.foundTable)
        assert [row[0] for row in rows] == ["L3", "L4"]
        assert [row[4] for row in rows] == ["2", "2"]
        assert float(rows[0][1].removesuffix(" ml")) == pytest.approx(4 / 3 * np.pi * 1.5**3, abs=0.3)
        assert float(rows[0][2].removesuffix(" mm")) == pytest.approx(1.6, abs=0.3)
        assert ready.panel.bar.message.startswith("Reconstructed: L3, L4; judge them by")

    def test_again_updates_the_same_nodes(self, ready, fake):
        press(ready, "reconstructButton")
        nodes = [node_named(name) for name in ("L3", "L4", "Vertebrae")]
        count = slicer.mrmlScene.GetNumberOfNodes()
        fake.radius_mm = 10.0
        press(ready, "reconstructButton")
        assert [node_named(name) for name in ("L3", "L4", "Vertebrae")] == nodes
        assert slicer.mrmlScene.GetNumberOfNodes() == count
        assert is_ball("L4", L4, 10.0)

    def test_other_levels_stay(self, ready):
        press(ready, "reconstructButton")
        choose_places(ready, add_box(L3 + [0, 0, 20]))
        press(ready, "reconstructButton")
        assert [row[0] for row in table_text(ready.ui.foundTable)] == ["L2", "L3", "L4"]
        assert list(node_named("Vertebrae").GetSegmentation().GetSegmentIDs()) == ["L3", "L4", "L2"]

    def test_one_x_ray_alone(self, ready):
        check(ready, node_named("LAT"))
        press(ready, "reconstructButton")
        assert "The depth of L3, L4 is uncertain, because one X-ray alone shows it." in ready.panel.bar.message
        assert [row[4] for row in table_text(ready.ui.foundTable)] == ["1", "1"]

    def test_x_rays_that_do_not_see_a_place_are_named(self, ready, fake):
        check(ready, *ready.panel.checked(), add_xray("Small", 45.0, size=(10, 72)))
        press(ready, "reconstructButton")
        assert [names for names, _ in fake.asked] == [["AP", "LAT"]] * 2
        assert "Small does not show L3, L4 and was left out there." in ready.panel.bar.message
        assert "uncertain" not in ready.panel.bar.message

    def test_an_x_ray_that_shows_them_elsewhere_is_named(self, ready, monkeypatch):
        monkeypatch.setattr(agreement, "disagreements", lambda made: [f"{len(made)} are elsewhere on LAT."])
        press(ready, "reconstructButton")
        assert ready.panel.bar.message.endswith("X-rays. 2 are elsewhere on LAT.")

    def test_a_vertebra_that_is_deleted_has_no_row(self, ready):
        press(ready, "reconstructButton")
        slicer.mrmlScene.RemoveNode(node_named("L3"))
        settle(ready)
        assert [row[0] for row in table_text(ready.ui.foundTable)] == ["L4"]


class TestJudging:
    def test_outlines_lie_on_the_x_rays_that_are_checked(self, ready):
        from xray3d.mrml.xrays import projection_from_node

        press(ready, "reconstructButton")
        nodes = outline_nodes()
        assert len(nodes) == 2
        for xray, node in zip(ready.panel.checked(), nodes, strict=True):
            projection = projection_from_node(xray)
            pixels = projection.project(slicer.util.arrayFromModelPoints(node))
            mm_per_px = 4.0 * 0.7
            off = [np.linalg.norm(pixels - projection.project(middle), axis=1) * mm_per_px for middle in (L3, L4)]
            np.testing.assert_allclose(np.min(off, axis=0), 15, atol=1.5)

    def test_outlines_follow_the_x_ray_the_bones_and_the_check_box(self, ready):
        press(ready, "reconstructButton")
        first = outline_nodes()[0]
        before = first.GetPolyData()
        transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Moved")
        node_named("L3").SetAndObserveTransformNodeID(transform.GetID())
        settle(ready)
        matrix = np.eye(4)
        matrix[:3, 3] = 5, 0, 7
        transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
        settle(ready)
        assert outline_nodes()[0] is first
        assert first.GetPolyData() is not before
        node_named("L3").SetDisplayVisibility(False)
        node_named("L4").SetDisplayVisibility(False)
        settle(ready)
        assert outline_nodes() == []
        node_named("L4").SetDisplayVisibility(True)
        settle(ready)
        assert len(outline_nodes()) == 2
        check(ready, node_named("AP"))
        assert len(outline_nodes()) == 1
        ready.ui.outlinesCheckBox.checked = False
        settle(ready)
        assert outline_nodes() == []

    def test_what_did_not_change_is_not_made_again(self, ready):
        press(ready, "reconstructButton")
        before = [node.GetPolyData() for node in outline_nodes()]
        ready.ui.sigmaColorsCheckBox.checked = False
        settle(ready)
        assert [node.GetPolyData() for node in outline_nodes()] == before

    def test_an_x_ray_beside_those_checked_can_be_a_judge(self, ready):
        judge = add_xray("Oblique", 45.0)
        press(ready, "reconstructButton")
        assert len(outline_nodes()) == 2
        settle(ready)
        ready.ui.xraysTable.selectRow(ready.panel.xrays.index(judge))
        settle(ready)
        assert len(outline_nodes()) == 3
        view = slicer.app.layoutManager().sliceWidget("Red").sliceLogic()
        assert view.GetSliceCompositeNode().GetBackgroundVolumeID() == judge.GetID()
        in_red = [n for n in outline_nodes() if view.GetSliceNode().GetID() in n.GetDisplayNode().GetViewNodeIDs()]
        assert len(in_red) == 1

    def test_colours(self, ready):
        press(ready, "reconstructButton")
        displays = [node_named(level).GetDisplayNode() for level in ("L3", "L4")]
        assert all(display.GetScalarVisibility() for display in displays)
        ready.ui.sigmaColorsCheckBox.checked = False
        settle(ready)
        assert not any(display.GetScalarVisibility() for display in displays)

    def test_leaving_the_module_takes_the_outlines_away(self, ready):
        press(ready, "reconstructButton")
        slicer.util.selectModule("")
        assert outline_nodes() == []
        slicer.util.selectModule("X23DReconstruction")
        settle(ready)
        assert len(outline_nodes()) == 2


def test_the_picture_of_the_panel(ready, tmp_path):
    press(ready, "reconstructButton")
    standin.grab(ready, tmp_path / "panel.png")
    assert (tmp_path / "panel.png").stat().st_size > 10_000
