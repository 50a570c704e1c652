"""The DRR Simulator's panel, driven as a user drives it."""

import numpy as np
import pytest
import slicer
from drrsimulator_support import SIZE, add_screw, apply, expected_drr, node_ids, preview_pixels, simulated

from panel_support import settle
from xray3d import Projection
from xray3d.mrml.xrays import projection_from_node, xray_from_node


class TestWithoutCt:
    def test_says_what_to_do(self, widget):
        assert not widget.ui.applyButton.enabled
        assert "CT" in widget.panel.bar.message

    def test_moving_a_slider_changes_nothing_in_the_scene(self, widget):
        before = node_ids()
        widget.ui.primarySlider.value = 30
        settle(widget)
        assert node_ids() == before
        assert widget.ui.directionLabel.text == "LAO 30°"

    def test_every_control_has_a_tooltip(self, widget):
        import qt

        kinds = (qt.QAbstractButton, qt.QComboBox, qt.QAbstractSpinBox, qt.QListWidget, qt.QTableWidget)
        names = [
            name
            for name, child in vars(widget.ui).items()
            if (isinstance(child, kinds) or name.endswith(("Slider", "Selector", "Edit")))
            and not name.endswith("Section")
            and not name.startswith("qt_")
        ]
        assert len(names) > 30
        assert [name for name in names if not getattr(widget.ui, name).toolTip] == []


class TestCArm:
    def test_starts_at_the_cts_centre_and_follows_a_point(self, with_ct):
        from DRRSimulatorLib.parameters import readSettings

        np.testing.assert_allclose(readSettings(with_ct.panel.parameters).isocenterRas, [5, 10, 20], atol=1e-6)
        point = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "L4")
        point.AddControlPoint(10, 20, 30)
        with_ct.ui.isocenterSelector.setCurrentNode(point)
        settle(with_ct)
        np.testing.assert_allclose(readSettings(with_ct.panel.parameters).isocenterRas, [10, 20, 30])
        point.SetNthControlPointPosition(0, 1, 2, 3)
        settle(with_ct)
        np.testing.assert_allclose(readSettings(with_ct.panel.parameters).isocenterRas, [1, 2, 3])
        slicer.mrmlScene.RemoveNode(point)
        settle(with_ct)
        np.testing.assert_allclose(readSettings(with_ct.panel.parameters).isocenterRas, [1, 2, 3])

    def test_is_drawn_and_moves(self, with_ct):
        drawn = with_ct.panel.parameters.cArm
        before = np.array(drawn.GetPolyData().GetBounds())
        with_ct.ui.primarySlider.value = 60
        settle(with_ct)
        assert with_ct.panel.parameters.cArm is drawn
        assert np.abs(np.array(drawn.GetPolyData().GetBounds()) - before).max() > 100
        with_ct.ui.showCArmCheckBox.checked = False
        assert not drawn.GetDisplayNode().GetVisibility()

    def test_source_beyond_the_detector_is_one_sentence(self, with_ct):
        before = preview_pixels()
        with_ct.ui.sodSlider.value = 1100
        settle(with_ct)
        assert "beyond the detector" in with_ct.panel.bar.message
        np.testing.assert_array_equal(preview_pixels(), before)
        with_ct.ui.sodSlider.value = 800
        settle(with_ct)
        assert with_ct.panel.bar.message == ""

    def test_takes_the_geometry_of_an_xray(self, with_ct):
        from DRRSimulatorLib.parameters import readSettings
        from DRRSimulatorLib.pose import projectionOf, sameGeometry
        from xray3d import XRayImage
        from xray3d.mrml.xrays import xray_to_node

        seen = Projection.from_carm(-70, 15, (20, 0, 5), 1200, 800, (64, 80), (3.0, 2.0))
        node = xray_to_node(XRayImage(np.zeros((64, 80)), seen), name="Real X-ray")
        with_ct.ui.geometrySelector.setCurrentNode(node)
        with_ct.ui.takeGeometryButton.click()
        settle(with_ct)
        assert sameGeometry(projectionOf(readSettings(with_ct.panel.parameters)), seen)
        assert with_ct.ui.directionLabel.text == "RAO 70°, CRA 15°"
        assert preview_pixels().shape == (64, 80)

    def test_an_xray_without_our_attributes_is_one_sentence(self, with_ct):
        other = slicer.util.addVolumeFromArray(np.zeros((1, 5, 5)), name="From elsewhere")
        with_ct.ui.geometrySelector.setCurrentNode(other)
        before = node_ids()
        with_ct.ui.takeGeometryButton.click()
        assert "From elsewhere" in with_ct.panel.bar.message
        assert "geometry" in with_ct.panel.bar.message
        assert node_ids() == before

    def test_view_from_here_and_back(self, with_ct):
        from DRRSimulatorLib.parameters import readSettings

        with_ct.ui.primarySlider.value = 33
        with_ct.ui.secondarySlider.value = -21
        with_ct.ui.viewFromHereButton.click()
        settings = readSettings(with_ct.panel.parameters)
        camera = slicer.app.layoutManager().threeDWidget(0).threeDView().cameraNode()
        source = Projection.from_carm(33, -21, settings.isocenterRas, 1020, 700, SIZE, (2.5, 2.5)).source_ras
        np.testing.assert_allclose(camera.GetPosition(), source)
        with_ct.ui.primarySlider.value = 0
        with_ct.ui.secondarySlider.value = 0
        with_ct.ui.fromCameraButton.click()
        back = readSettings(with_ct.panel.parameters)
        assert (back.primaryDeg, back.secondaryDeg) == pytest.approx((33, -21))
        np.testing.assert_allclose(back.isocenterRas, settings.isocenterRas, atol=1e-6)


class TestApply:
    def test_takes_the_xray_where_the_c_arm_is(self, with_ct):
        with_ct.ui.primarySlider.value = 20
        with_ct.ui.secondarySlider.value = -10
        node = apply(with_ct)
        xray = xray_from_node(node)
        np.testing.assert_allclose(xray.pixels, expected_drr(20, -10), rtol=1e-4, atol=1e-4)
        assert xray.projection.size_px == SIZE
        assert node.GetName() == "X-ray 1"
        assert with_ct.ui.viewsTable.item(0, 1).text() == "LAO 20°, CAU 10°"
        assert with_ct.panel.parameters.currentView is node

    def test_again_updates_the_selected_one_and_new_adds_one(self, with_ct):
        first = apply(with_ct)
        with_ct.ui.primarySlider.value = 90
        assert apply(with_ct) is first
        np.testing.assert_allclose(xray_from_node(first).pixels, expected_drr(90, 0), rtol=1e-4, atol=1e-4)
        with_ct.ui.newViewButton.click()
        with_ct.ui.primarySlider.value = 0
        second = apply(with_ct)
        assert simulated() == [first, second]
        assert with_ct.ui.viewsTable.rowCount == 2

    def test_xrays_stand_on_their_detectors_in_3d_and_can_be_hidden(self, with_ct):
        from xray3d.mrml.frustum import IMAGE_ROLE

        node = apply(with_ct)
        shown = node.GetNodeReference(IMAGE_ROLE)
        corners = slicer.util.arrayFromModelPoints(shown)
        on_detector = projection_from_node(node).project(corners)
        assert {tuple(np.round(c, 3)) for c in on_detector} == {
            (x, y) for x in (-0.5, SIZE[1] - 0.5) for y in (-0.5, SIZE[0] - 0.5)
        }
        with_ct.ui.primarySlider.value = 50
        apply(with_ct)
        np.testing.assert_allclose(
            np.sort(projection_from_node(node).project(slicer.util.arrayFromModelPoints(shown)), axis=0),
            np.sort(on_detector, axis=0),
            atol=1e-3,
        )
        with_ct.ui.showXRaysCheckBox.checked = False
        assert not shown.GetDisplayNode().GetVisibility()

    def test_removing_what_it_added_leaves_the_scene_as_before(self, with_ct):
        settle(with_ct)
        before = node_ids()
        apply(with_ct)
        assert len(simulated()) == 1
        with_ct.ui.removeViewButton.click()
        settle(with_ct)
        assert simulated() == []
        # A folder of the subject hierarchy is no node; the Red view keeps the preview.
        left = [slicer.mrmlScene.GetNodeByID(n) for n in set(node_ids()) - set(before)]
        assert [(node.GetName(), node.GetClassName()) for node in left] == []

    def test_what_shows_an_xray_goes_with_it_also_when_another_module_removes_it(self, with_ct):
        models = len(slicer.util.getNodesByClass("vtkMRMLModelNode"))
        node = apply(with_ct)
        assert len(slicer.util.getNodesByClass("vtkMRMLModelNode")) == models + 2
        slicer.mrmlScene.RemoveNode(node)
        settle(with_ct)
        assert len(slicer.util.getNodesByClass("vtkMRMLModelNode")) == models
        assert with_ct.ui.viewsTable.rowCount == 0
        assert with_ct.panel.parameters.currentView is None

    def test_selecting_a_view_shows_its_settings_and_keeps_its_image(self, with_ct):
        first = apply(with_ct)
        with_ct.ui.newViewButton.click()
        with_ct.ui.primarySlider.value = 75
        with_ct.ui.physicsComboBox.setCurrentText("ideal")
        apply(with_ct)
        pixels = xray_from_node(first).pixels
        with_ct.ui.viewsTable.selectRow(0)
        settle(with_ct)
        assert with_ct.ui.primarySlider.value == 0
        assert with_ct.ui.physicsComboBox.currentText == "line integrals"
        assert with_ct.panel.parameters.currentView is first
        np.testing.assert_array_equal(xray_from_node(first).pixels, pixels)

    def test_take_all_again_after_the_technique_changed(self, with_ct):
        first = apply(with_ct)
        with_ct.ui.newViewButton.click()
        with_ct.ui.primarySlider.value = 90
        second = apply(with_ct)
        geometries = [projection_from_node(node).matrix for node in (first, second)]
        with_ct.ui.physicsComboBox.setCurrentText("fluoroscopy")
        with_ct.ui.updateAllButton.click()
        settle(with_ct)
        assert simulated() == [first, second]
        for node, matrix in zip((first, second), geometries, strict=True):
            np.testing.assert_allclose(projection_from_node(node).matrix, matrix)
            assert xray_from_node(node).pixels.max() > 1000  # 12 bits, not line integrals

    def test_checked_models_are_metal(self, with_ct):
        import qt

        add_screw()
        settle(with_ct)
        plain = xray_from_node(apply(with_ct)).pixels
        with_ct.ui.implantsList.item(0).setCheckState(qt.Qt.Checked)
        settle(with_ct)
        metal = xray_from_node(apply(with_ct)).pixels
        row, column = np.unravel_index(np.argmax(metal - plain), SIZE)
        assert (metal - plain).max() > 1  # 50 mm of titanium
        assert (row, column) == pytest.approx(((SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2), abs=4)

    def test_cancel_leaves_the_scene_as_before(self, with_ct):
        before = node_ids()
        with_ct.ui.applyButton.click()
        with_ct.panel.bar.cancel()
        settle(with_ct)
        assert node_ids() == before
        assert "ancelled" in with_ct.panel.bar.message
        assert apply(with_ct) is not None

    def test_export_writes_images_and_geometry(self, with_ct, tmp_path):
        from xray3d import load_xray

        node = apply(with_ct)
        with_ct.ui.exportPathEdit.currentPath = str(tmp_path)
        with_ct.ui.exportButton.click()
        (path,) = tmp_path.glob("*.nrrd")
        assert path.with_suffix(".json").exists()
        np.testing.assert_array_equal(load_xray(path).pixels, xray_from_node(node).pixels)
        with_ct.ui.exportButton.click()
        assert "exists already" in with_ct.panel.bar.message

    def test_export_without_a_folder_is_one_sentence(self, with_ct):
        apply(with_ct)
        with_ct.ui.exportButton.click()
        assert "folder" in with_ct.panel.bar.message
