"""A training that is stopped and resumed, and what happens beside one."""

import numpy as np
import pytest
import qt
import slicer
from xrayregistration_models import CHOICES, Pause, in_use, make_model, stop, train_until
from xrayregistration_support import add_points, scene_state

import standin
from panel_support import press, settle, wait_for
from xray3d.registration.scene_regression.plan import TrainingPlan


class TestStopped:
    def test_the_best_model_so_far_is_kept(self, training_held, new_folder):
        widget, go = training_held
        before = scene_state()
        stop(widget, go)
        assert widget.panel.bar.message == (
            f"The training was stopped; {new_folder} holds the best model so far, and Resume goes on with it."
        )
        assert in_use(widget) == ("where the X-rays are now", "")
        assert scene_state() == before
        assert widget.ui.resumeButton.enabled

    def test_resume_asks_for_the_same(self, training_held, trainer, new_folder):
        widget, go = training_held
        stop(widget, go)
        with standin.CapturedMessages() as messages:
            press(widget, "resumeButton")
        assert messages.texts == []
        first, second = trainer.calls
        assert (first.pop("resume"), second.pop("resume")) == (False, True)
        one, other = first.pop("ct"), second.pop("ct")
        np.testing.assert_array_equal(one.hu, other.hu)
        np.testing.assert_array_equal(one.ijk_to_ras, other.ijk_to_ras)
        assert first.pop("start").name == second.pop("start").name
        for call in (first, second):
            del call["progress"]
        assert first == second
        assert in_use(widget) == ("model", str(new_folder))
        assert not widget.ui.resumeButton.enabled

    def test_progress_after_resuming_is_that_of_the_session(self, training_held, trainer):
        """The time that is left follows from it: a half that was done yesterday took no time today."""
        widget, go = training_held
        stop(widget, go)
        trainer.before = Pause(3)
        widget.ui.resumeButton.click()
        assert trainer.before.reached.wait(20)
        (bar,) = widget.ui.jobBarFrame.findChildren(qt.QProgressBar)
        wait_for(lambda: bar.value > 0)
        assert bar.value == bar.maximum / 2
        trainer.before.go.set()
        settle(widget)
        assert in_use(widget)[0] == "model"

    @pytest.mark.parametrize("there_was_one", [False, True])
    def test_before_there_was_a_model(self, trainable, trainer, new_folder, there_was_one):
        if there_was_one:
            make_model(median_mm=9.9).save(new_folder)
        trainer.before = Pause(1)
        stop(trainable, train_until(trainable, trainer.before))
        assert trainable.panel.bar.message == (
            f"The training was stopped before {new_folder} held a new model; Resume goes on with it."
        )
        assert new_folder.exists() == there_was_one

    def test_before_it_began(self, trainable, monkeypatch):
        from XRayRegistrationLib import modeltraining

        pause = Pause()
        monkeypatch.setattr(modeltraining, "middle_of_bones", lambda *_: pause() or (0.0, 0.0, 0.0))
        stop(trainable, train_until(trainable, pause))
        assert trainable.panel.bar.message == "The training was stopped before it began."
        assert not trainable.ui.resumeButton.enabled

    def test_in_the_last_moment(self, trainable, trainer, new_folder):
        trainer.before = Pause(3)
        stop(trainable, train_until(trainable, trainer.before))
        assert trainable.panel.bar.message == f"The training had ended already; {new_folder} holds its model."

    def test_the_scene_is_closed(self, training_held, new_folder):
        widget, go = training_held
        standin.close_scene()
        go.set()
        settle(widget)
        assert "scene was closed" in widget.panel.bar.message
        assert in_use(widget) == ("where the X-rays are now", "")
        assert widget.ui.newModelPathEdit.currentPath == ""
        assert new_folder.with_name("model.training").exists()

    def test_the_module_is_unloaded(self, training_held, new_folder):
        _, go = training_held
        standin.remove_module("XRayRegistration")
        go.set()
        standin.process_events()
        assert new_folder.is_dir()


class TestElsewhere:
    def test_the_user_goes_to_another_module(self, training_held, new_folder):
        widget, go = training_held
        slicer.util.selectModule("")
        go.set()
        settle(widget)
        slicer.util.selectModule("XRayRegistration")
        settle(widget)
        assert in_use(widget) == ("model", str(new_folder))

    def test_the_ct_is_deleted(self, training_held, new_folder):
        widget, go = training_held
        slicer.mrmlScene.RemoveNode(widget.panel.parameters.ct)
        go.set()
        settle(widget)
        assert in_use(widget) == ("model", str(new_folder))

    def test_an_mrb_keeps_the_choices_and_resumes(self, trainable, trainer, tmp_path, new_folder):
        trainer.before = Pause(2)
        for name, value in CHOICES.items():
            setattr(trainable.panel.parameters, name, value)
        aim = add_points("Hip", [[10.0123456789, -20.1, 30.7]], "a")
        trainable.panel.parameters.aim = aim
        stop(trainable, train_until(trainable, trainer.before))
        standin.save_scene(tmp_path / "scene.mrb")
        standin.close_scene()
        settle(trainable)
        assert trainable.panel.parameters.steps == TrainingPlan.from_start().steps
        standin.load_scene(tmp_path / "scene.mrb")
        settle(trainable)
        assert {name: getattr(trainable.panel.parameters, name) for name in CHOICES} == CHOICES
        assert trainable.ui.newModelPathEdit.currentPath == str(new_folder)
        trainable.panel.parameters.aim.SetNthControlPointPositionWorld(0, 10.012, -20.1, 30.7)  # as an .fcsv keeps it
        press(trainable, "resumeButton")
        first, second = trainer.calls
        assert (first["poses"], first["plan"]) == (second["poses"], second["plan"])
        np.testing.assert_allclose(first["ct"].ijk_to_ras, second["ct"].ijk_to_ras, atol=1e-3)
