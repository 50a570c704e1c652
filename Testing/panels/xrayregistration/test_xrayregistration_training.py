"""A model trained for the CT, from the panel and from the console."""

from dataclasses import asdict, fields

import numpy as np
import pytest
import qt
import slicer
from xrayregistration_models import CHOICES, in_use, make_model
from xrayregistration_support import add_ct, add_points, choose, off, scene_state, small_ct

import standin
from panel_support import press, settle, wait_for
from xray3d.datasets.pose_range import PoseRange
from xray3d.drr.scene_coordinates import BONE_THRESHOLD_HU
from xray3d.errors import OutputExistsError, VolumeError
from xray3d.mrml.transforms import add_transform
from xray3d.registration.scene_regression.plan import TrainingPlan
from xray3d.registration.scene_regression.start import SceneCoordinateStart
from xray3d.volumes.skeleton import middle_of_bones
from XRayCoreLib import packages


def is_one_sentence(text):
    return text.endswith(".") and "\n" not in text and "please report" not in text


class TestTrain:
    def test_the_panel_begins_with_what_comes_with_the_library(self, trainable, trainer, new_folder):
        press(trainable, "trainButton")
        (call,) = trainer.calls
        assert call["poses"] == PoseRange(call["poses"].center_ras)
        np.testing.assert_allclose(call["poses"].center_ras, middle_of_bones(small_ct(), BONE_THRESHOLD_HU), atol=0.05)
        assert call["plan"] == TrainingPlan.from_start()
        assert call["bone_hu"] == BONE_THRESHOLD_HU
        assert call["start"].name == SceneCoordinateStart.shipped().name
        assert (call["resume"], call["overwrite"]) == (False, False)
        assert call["folder"] == new_folder
        np.testing.assert_array_equal(call["ct"].hu, small_ct().hu)

    def test_the_new_model_is_the_one_in_use(self, trainable, new_folder):
        press(trainable, "trainButton")
        assert in_use(trainable) == ("model", str(new_folder))
        assert trainable.ui.modelPathEdit.currentPath == str(new_folder)
        assert "median error is 2.3 mm, with 3% more than 10 mm off" in trainable.panel.bar.message
        assert not trainable.ui.resumeButton.enabled

    def test_every_choice_reaches_the_library(self, trainable, trainer, tmp_path):
        make_model().save(tmp_path / "before")
        for name, value in CHOICES.items():
            setattr(trainable.panel.parameters, name, value)
        trainable.ui.pretrainedPathEdit.currentPath = str(tmp_path / "before")
        trainable.ui.aimSelector.setCurrentNode(add_points("Hip", [[10.04, -20, 30], [30, -20, 50]], "ab"))
        settle(trainable)
        press(trainable, "trainButton")
        (call,) = trainer.calls
        poses = PoseRange((20.0, -20.0, 40.0), (-20, 110), (-5, 25), (-90, 90), 30, 60, 1200, 800)
        assert call["poses"] == poses
        assert call["plan"] == TrainingPlan.from_start(steps=500, goal_mm=2.5)
        assert call["bone_hu"] == 300
        assert call["start"].name == "Small patient"
        assert len(CHOICES) == len(fields(PoseRange)) - 1 + 3 + len(["bone_hu", "steps", "goal_mm"])

    def test_widgets_set_what_they_say(self, trainable):
        for name, value in CHOICES.items():
            getattr(trainable.ui, f"{name}SpinBox").value = value
        standin.process_events()
        assert {name: getattr(trainable.panel.parameters, name) for name in CHOICES} == CHOICES

    def test_a_ct_under_a_transform_is_trained_for_where_it_lies(self, trainable, trainer):
        table = off((30, -20, 10), (0, 0, 40))
        trainable.panel.parameters.ct.SetAndObserveTransformNodeID(add_transform(table, "Table").GetID())
        settle(trainable)
        press(trainable, "trainButton")
        (call,) = trainer.calls
        np.testing.assert_allclose(call["ct"].ijk_to_ras, table @ small_ct().ijk_to_ras, atol=1e-9)
        expected = table @ [*middle_of_bones(small_ct(), BONE_THRESHOLD_HU), 1]
        np.testing.assert_allclose(call["poses"].center_ras, expected[:3], atol=0.06)

    def test_what_is_done_is_shown(self, training_held):
        widget, _ = training_held
        wait_for(lambda: widget.panel.bar.message.startswith("Step 2 of 3; median error 2.3 mm"))
        assert widget.panel.isBusy

    def test_nothing_else_is_done_meanwhile(self, training_held):
        widget, _ = training_held
        standin.process_events()
        for name in ("trainButton", "resumeButton", "registerButton"):
            assert not getattr(widget.ui, name).enabled

    def test_without_a_ct_it_cannot_begin(self, widget):
        assert not widget.ui.trainButton.enabled
        assert not widget.ui.resumeButton.enabled

    def test_a_model_that_is_there_is_replaced_only_when_asked(self, trainable, trainer, new_folder):
        make_model(median_mm=9.9).save(new_folder)
        with standin.CapturedMessages(answer=False) as messages:
            press(trainable, "trainButton")
        assert messages.texts == [f"{new_folder} is not empty. Replace the model in it?"]
        assert trainer.calls == []
        with standin.CapturedMessages(answer=True):
            press(trainable, "trainButton")
        assert trainer.calls[0]["overwrite"]
        assert in_use(trainable) == ("model", str(new_folder))


class TestRefused:
    def message_of(self, widget):
        """Press Train; what the panel says, having changed nothing."""
        before, used = scene_state(), in_use(widget)
        press(widget, "trainButton")
        assert (scene_state(), in_use(widget)) == (before, used)
        assert is_one_sentence(widget.panel.bar.message)
        assert widget.ui.trainButton.enabled
        return widget.panel.bar.message

    def test_no_folder(self, trainable, trainer):
        trainable.ui.newModelPathEdit.currentPath = ""
        assert "No folder is chosen" in self.message_of(trainable)
        assert trainer.calls == []

    def test_an_aim_without_points(self, trainable, trainer):
        trainable.ui.aimSelector.setCurrentNode(add_points("Hip", [], ""))
        settle(trainable)
        assert "Hip has no points yet" in self.message_of(trainable)
        assert trainer.calls == []

    def test_a_ct_that_is_none(self, trainable, trainer):
        choose(trainable, slicer.util.addVolumeFromArray(np.zeros((4, 5, 6)), name="Flat"))
        self.message_of(trainable)
        assert trainer.calls == []

    def test_no_bone(self, trainable):
        trainable.ui.boneHuSpinBox.value = 2000
        assert "no bone above 2000 HU" in self.message_of(trainable)

    def test_angles_upside_down(self, trainable):
        trainable.ui.primaryFromDegSpinBox.value = 60
        assert "the lower first" in self.message_of(trainable)

    def test_a_start_that_is_no_model(self, trainable, tmp_path):
        trainable.ui.pretrainedPathEdit.currentPath = str(tmp_path)
        assert "holds no model" in self.message_of(trainable)

    def test_no_space_left(self, trainable, trainer):
        def fail(step):
            raise OutputExistsError("model cannot be written; check permissions and the space left.")

        trainer.before = fail
        assert "space left" in self.message_of(trainable)

    def test_a_folder_of_something_else(self, trainable, monkeypatch, tmp_path):
        monkeypatch.undo()  # with the library's own trainer
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "one.png").touch()
        trainable.ui.newModelPathEdit.currentPath = str(tmp_path / "photos")
        settle(trainable)
        with standin.CapturedMessages(answer=True):
            assert "holds something else than a model" in self.message_of(trainable)
        assert [file.name for file in (tmp_path / "photos").iterdir()] == ["one.png"]

    def test_networks_that_are_declined(self, trainable, trainer, monkeypatch):
        def decline(feature):
            assert feature == "training"
            raise packages.PackagesMissing("Working with neural networks needs Python packages.")

        monkeypatch.setattr(packages, "ensure", decline)
        assert "neural networks" in self.message_of(trainable)
        assert trainer.calls == []


class TestConsole:
    def test_everything_is_handed_on(self, logic, trainer, new_folder):
        poses, plan = PoseRange((1.0, 2.0, 3.0), lateral_mm=20.0), TrainingPlan(steps=7, seed=3)
        told = []
        model = logic.trainModel(
            add_ct(), new_folder, poses, plan, boneHu=400.0, progress=lambda *one: told.append(one), overwrite=True
        )
        (call,) = trainer.calls
        assert (call["poses"], call["plan"], call["bone_hu"], call["overwrite"]) == (poses, plan, 400.0, True)
        assert model.report.mtre_mm["50"] == 2.3
        assert told[-1] == ("Step 3 of 3; median error 2.3 mm", 2 / 3)

    def test_defaults(self, logic, trainer, new_folder):
        logic.trainModel(add_ct(), str(new_folder))
        (call,) = trainer.calls
        assert asdict(call["plan"]) == asdict(TrainingPlan.from_start())
        assert call["poses"] == PoseRange(call["poses"].center_ras)
        assert call["bone_hu"] == BONE_THRESHOLD_HU

    def test_an_error_is_one_sentence(self, logic, new_folder):
        with pytest.raises(VolumeError, match="No CT is chosen"):
            logic.trainModel(None, new_folder)


def test_folders_are_asked_for_as_folders(widget):
    for name in ("modelPathEdit", "pretrainedPathEdit", "newModelPathEdit"):
        line = getattr(widget.ui, name)
        assert line.filters == type(line).Dirs
        assert isinstance(line, qt.QWidget)


def test_numbers_of_another_version_take_their_defaults(widget):
    node = widget.panel.parameters.parameterNode
    slicer.util.selectModule("")
    node.SetParameter("steps", "many")
    node.SetParameter("goalMm", "-1")
    slicer.util.selectModule("XRayRegistration")
    assert "(goalMm, steps)" in widget.panel.bar.message or "(steps, goalMm)" in widget.panel.bar.message
    assert widget.panel.parameters.steps == TrainingPlan.from_start().steps
