"""Registration with a model that knows the CT."""

import json
import threading

import numpy as np
import pytest
import slicer
from xrayregistration_models import (
    make_model,
    model_nodes,
    points_in_world,
    sees_nothing,
    stands_true,
    true_points,
    use_model,
)
from xrayregistration_support import (
    FAR,
    MOVED,
    SIZE,
    add_ct,
    add_xray,
    choose,
    off,
    overlay_pixels,
    register,
    scene_state,
    small_ct,
    true_view,
)

import standin
from panel_support import press, settle
from xray3d import CTVolume
from xray3d.errors import ModelError, NotRecognisedError
from xray3d.mrml.transforms import add_transform
from xray3d.registration.scene_regression.locating import Locator
from xray3d.registration.scene_regression.model import SceneCoordinateModel
from XRayCoreLib import packages


def refused(widget, words):
    """Press Register; the panel says these words in one sentence, and nothing has changed."""
    before = scene_state()
    register(widget)
    assert words in widget.panel.bar.message
    assert "please report" not in widget.panel.bar.message
    assert "\n" not in widget.panel.bar.message
    assert scene_state() == before
    assert widget.ui.registerButton.enabled


class TestRegister:
    def test_a_folder_is_asked_for_where_it_is_used(self, ready):
        assert ready.ui.modelFrame.isHidden()
        ready.ui.startComboBox.setCurrentText("model")
        settle(ready)
        assert not ready.ui.modelFrame.isHidden()
        assert ready.ui.landmarksFrame.isHidden()
        assert "trained for this CT" in ready.ui.startHintLabel.text

    def test_xrays_come_from_anywhere_and_go_back(self, modelled, fake):
        before = scene_state()
        nodes = [modelled.panel.parameters.xray1, modelled.panel.parameters.xray2]
        assert not stands_true(nodes[0], 0)
        register(modelled)
        assert modelled.panel.bar.message == ""
        assert all(stands_true(node, number) for number, node in enumerate(nodes))
        (call,) = fake.calls
        np.testing.assert_allclose(call["initial"][0].extrinsic, true_view(0).extrinsic, atol=0.05)
        assert call["search"] == "off"
        press(modelled, "undoButton")
        assert scene_state() == before

    @pytest.mark.parametrize(("around", "searches"), [(True, ["off", "auto"]), (False, ["off"])])
    def test_around_a_pose_that_is_not_accepted_it_is_searched_if_wanted(self, modelled, fake, around, searches):
        fake.verdict = "doubtful"
        modelled.ui.searchAroundCheckBox.checked = around
        settle(modelled)
        register(modelled)
        assert [call["search"] for call in fake.calls] == searches

    def test_a_model_is_read_again_only_when_it_has_changed(self, modelled, model_folder, monkeypatch):
        read = []
        load = SceneCoordinateModel.load
        monkeypatch.setattr(SceneCoordinateModel, "load", lambda folder: (read.append(folder), load(folder))[1])
        register(modelled)
        press(modelled, "undoButton")
        register(modelled)
        assert read == [model_folder]
        make_model().save(model_folder, overwrite=True)
        register(modelled)
        assert read == [model_folder, model_folder]

    def test_the_share_of_points_that_agree_is_said(self, modelled):
        register(modelled)
        assert modelled.ui.verdictLabel.text.startswith("Accepted.")
        assert modelled.ui.detailsLabel.text.startswith("100% of the model's points agree with one pose. Similarity")
        stored = json.loads(modelled.panel.parameters.result)
        assert stored.pop("inlierShare") == 1.0
        modelled.panel.parameters.result = json.dumps(stored)  # as versions without models wrote it
        settle(modelled)
        assert modelled.ui.detailsLabel.text.startswith("Similarity")

    def test_the_hand_does_not_count(self, modelled):
        modelled.ui.rightMmSlider.value = 30.0
        settle(modelled)
        register(modelled)
        assert stands_true(modelled.panel.parameters.xray1, 0)
        assert modelled.ui.rightMmSlider.value == 0.0

    def test_cancel_leaves_the_scene_as_before(self, modelled, fake):
        reached, go = threading.Event(), threading.Event()
        fake.wait = lambda: (reached.set(), go.wait(20))
        before = scene_state()
        modelled.ui.registerButton.click()
        assert reached.wait(20)
        modelled.panel.bar.cancel()
        go.set()
        settle(modelled)
        assert "ancelled" in modelled.panel.bar.message
        assert scene_state() == before
        assert modelled.ui.bonePointsFrame.isHidden()


class TestFailure:
    def test_what_is_not_recognised_stays_where_it_is(self, modelled, fake, monkeypatch):
        monkeypatch.setattr(Locator, "locate", sees_nothing)
        before = scene_state()
        register(modelled)
        assert modelled.ui.verdictLabel.text.startswith("Failed; nothing was moved. The model does not recognise")
        assert modelled.ui.detailsLabel.text.startswith("Ended after")
        assert modelled.ui.resultTable.isHidden()
        assert modelled.ui.bonePointsFrame.isHidden()
        assert scene_state() == before
        assert fake.calls == []
        stored = json.loads(modelled.panel.parameters.result, parse_constant=pytest.fail)
        assert (stored["verdict"], stored["xrays"]) == ("failed", [])

    def test_a_blank_xray_fails_with_the_network_itself(self, ready, model_folder):
        slicer.util.updateVolumeFromArray(ready.panel.parameters.xray1, np.full((1, *SIZE), 7.0))
        use_model(ready, model_folder)
        before = scene_state()
        register(ready)
        assert ready.ui.verdictLabel.text.startswith("Failed; nothing was moved. X-ray 1")
        assert scene_state() == before

    def test_images_that_do_not_agree_give_no_points(self, modelled, fake):
        fake.verdict, fake.reason = "failed", "Nothing in the CT looks like the X-rays."
        before = scene_state()
        register(modelled)
        assert modelled.ui.verdictLabel.text == "Failed; nothing was moved. Nothing in the CT looks like the X-rays."
        assert "100% of the model's points agree" in modelled.ui.detailsLabel.text
        assert modelled.ui.bonePointsFrame.isHidden()
        assert scene_state() == before

    def test_folders_that_cannot_be_used(self, ready, tmp_path):
        for file in ("models/model.safetensors", "configs/metadata.json", "docs/README.md"):
            damaged = tmp_path / f"without {file.split('/')[0]}"
            make_model().save(damaged)
            (damaged / file).unlink()
        make_model().save(tmp_path / "cut off")
        weights = tmp_path / "cut off" / "models" / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:100])
        make_model(CTVolume(small_ct().hu + 1, small_ct().ijk_to_ras, "Somebody else")).save(tmp_path / "other")
        (tmp_path / "photos").mkdir()
        for name, words in {
            "photos": "photos holds no model",
            "gone": "gone holds no model",
            "without models": "damaged or incomplete",
            "without configs": "without configs holds no model",
            "without docs": "damaged or incomplete",
            "cut off": "damaged or incomplete",
            "other": "trained for Somebody else, which is another CT than Patient",
        }.items():
            use_model(ready, tmp_path / name)
            refused(ready, words)
        use_model(ready, "")
        refused(ready, "No model is chosen")

    def test_a_ct_that_was_moved_since(self, modelled):
        modelled.panel.parameters.ct.SetAndObserveTransformNodeID(add_transform(off((0, 0, 30)), "Table").GetID())
        settle(modelled)
        refused(modelled, "or has changed since")

    def test_an_emptied_line_means_no_model(self, modelled):
        """CTK's line does not tell that it was emptied."""
        line = modelled.ui.modelPathEdit
        line.blockSignals(True)
        line.currentPath = ""
        line.blockSignals(False)
        modelled.ui.searchAroundCheckBox.checked = False
        settle(modelled)
        refused(modelled, "No model is chosen")
        assert line.currentPath == modelled.panel.parameters.model == ""


class TestPackages:
    @pytest.fixture
    def asked(self, monkeypatch):
        """A Slicer without networks; returns the features that it was asked to install."""
        features = []

        def ensure(feature):
            features.append(feature)
            raise packages.PackagesMissing("Working with neural networks needs Python packages that are not installed.")

        monkeypatch.setattr(packages, "ensure", ensure)
        return features

    def test_networks_are_asked_for_where_they_are_used(self, modelled, asked):
        assert asked == []
        refused(modelled, "Working with neural networks needs Python packages")
        assert asked == ["training"]

    def test_other_starts_do_without(self, ready, asked):
        register(ready)
        assert asked == []
        assert "Accepted" in ready.ui.verdictLabel.text


class TestScene:
    def test_an_mrb_keeps_the_model_and_the_points(self, modelled, model_folder, tmp_path):
        register(modelled)
        press(modelled, "showPointsButton")
        details = modelled.ui.detailsLabel.text
        standin.save_scene(tmp_path / "scene.mrb")
        standin.close_scene()
        settle(modelled)
        assert modelled.panel.parameters.model == modelled.ui.modelPathEdit.currentPath == ""
        assert modelled.ui.bonePointsFrame.isHidden()
        standin.load_scene(tmp_path / "scene.mrb")
        settle(modelled)
        parameters = modelled.panel.parameters
        assert (parameters.start, parameters.model) == ("model", model_folder)
        assert modelled.ui.modelPathEdit.currentPath == model_folder
        assert modelled.ui.detailsLabel.text == details
        assert [parameters.bonePoints] == model_nodes()
        assert modelled.ui.bonePointsFrame.isHidden()  # the points themselves are of a session
        press(modelled, "registerButton")
        press(modelled, "showPointsButton")
        assert [parameters.bonePoints] == model_nodes()

    def test_reloading_the_module_keeps_the_choice(self, modelled, model_folder):
        reloaded = standin.reload_module("XRayRegistration")
        settle(reloaded)
        assert reloaded.panel.parameters.start == "model"
        assert reloaded.ui.modelPathEdit.currentPath == model_folder
        assert overlay_pixels() is not None


class TestConsole:
    def test_register(self, logic, fake, model_folder, seeing):
        fake.motions = [np.eye(4)]
        nodes = [add_xray(number, moved=off(*FAR)) for number in (0, 1)]
        registration = logic.register(add_ct(), nodes, model=model_folder)
        assert all(stands_true(node, number) for number, node in enumerate(nodes))
        assert registration.result.inlier_share > 0.99
        node = registration.bonePoints.show()
        np.testing.assert_allclose(points_in_world(node), true_points(), atol=1e-3)

    def test_a_failed_one_has_no_points(self, logic, fake, model_folder, monkeypatch):
        monkeypatch.setattr(Locator, "locate", sees_nothing)
        node = add_xray(0, moved=off(*FAR))
        registration = logic.register(add_ct(), [node], model=model_folder)
        assert registration.result.verdict == "failed"
        assert (registration.bonePoints, registration.transform) == (None, None)
        assert not stands_true(node, 0)

    def test_points_without_a_registration(self, logic, model_folder, seeing, tmp_path):
        ct, node = add_ct(), add_xray(0, moved=off(*FAR))
        before = scene_state()
        points = logic.partialPointCloud(ct, [node], model_folder)
        np.testing.assert_allclose(points.cloud.points_ras, true_points(1), atol=1e-3)
        assert scene_state() == before
        points.save(tmp_path / "points.ply")
        assert (tmp_path / "points.ply").read_bytes().startswith(b"ply")
        assert points.show() in model_nodes()

    def test_points_are_refused_for_another_ct_and_by_what_is_not_recognised(self, logic, model_folder, monkeypatch):
        ct, node = add_ct(), add_xray()
        monkeypatch.setattr(Locator, "locate", sees_nothing)
        with pytest.raises(NotRecognisedError, match="does not recognise"):
            logic.partialPointCloud(ct, [node], model_folder)
        slicer.util.updateVolumeFromArray(ct, small_ct().hu + 1)
        with pytest.raises(ModelError, match="another CT"):
            logic.partialPointCloud(ct, [node], model_folder)


def test_a_single_xray_that_is_off_comes_back(widget, fake, model_folder, seeing):
    fake.motions = [np.eye(4)]
    choose(widget, add_ct(), [add_xray(moved=off(*MOVED))])
    use_model(widget, model_folder)
    register(widget)
    assert stands_true(widget.panel.parameters.xray1, 0)
