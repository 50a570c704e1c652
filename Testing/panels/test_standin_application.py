"""slicer.app, slicer.modules, the views and the scene, as scripted modules meet them."""

import sys
from pathlib import Path

import numpy as np
import pytest
import qt
import slicer

import standin
from standin.start import slicers_own_files

MODULE = """
from slicer.ScriptedLoadableModule import *

class {name}(ScriptedLoadableModule):
    def __init__(self, parent):
        super().__init__(parent)
        parent.title = "The title"
        parent.dependencies = {dependencies}
        parent.hidden = {hidden}
        parent.helpText = self.getDefaultModuleDocumentationLink()
"""
WIDGET = """
class {name}Widget(ScriptedLoadableModuleWidget):
    cleanups = 0

    def setup(self):
        super().setup()
        self.logic = {name}Logic()

    def cleanup(self):
        self.cleanups += 1

class {name}Logic(ScriptedLoadableModuleLogic):
    pass
"""


def write_module(folder: Path, name: str, *dependencies: str, widget: bool = True) -> None:
    text = MODULE + (WIDGET if widget else "")
    (folder / f"{name}.py").write_text(text.format(name=name, dependencies=list(dependencies), hidden=not widget))


@pytest.fixture
def two_modules(tmp_path):
    write_module(tmp_path, "Standing", "Carrying")
    write_module(tmp_path, "Carrying", widget=False)
    return tmp_path


class TestModules:
    def test_dependencies_are_loaded_too(self, two_modules):
        module = standin.make_module("Standing", two_modules)
        assert slicer.util.getModule("Standing") is module is slicer.modules.standing
        assert slicer.modules.carrying.hidden
        assert slicer.modules.StandingInstance.moduleName == "Standing"
        assert {"Standing", "Carrying"} <= set(slicer.util.moduleNames())
        assert (module.title, module.dependencies) == ("The title", ["Carrying"])
        assert "standing" in module.helpText

    def test_a_dependency_that_is_nowhere(self, tmp_path):
        write_module(tmp_path, "Standing", "Missing")
        with pytest.raises(FileNotFoundError, match=r"Missing\.py"):
            standin.make_module("Standing", tmp_path)

    def test_a_misspelt_property_of_the_module_is_refused(self, two_modules):
        file = two_modules / "Carrying.py"
        file.write_text(file.read_text().replace("parent.helpText", "parent.helptext"))
        with pytest.raises(AttributeError, match="helptext"):
            standin.make_module("Carrying", two_modules)

    def test_a_module_without_a_widget(self, two_modules):
        assert standin.make_module("Carrying", two_modules).widgetRepresentation() is None
        slicer.util.selectModule("Carrying")
        with pytest.raises(RuntimeError, match="Could not find module widget"):
            slicer.util.getModuleWidget("Carrying")

    def test_the_panel_is_built_at_first_use(self, two_modules):
        standin.make_module("Standing", two_modules)
        assert not hasattr(slicer.modules, "StandingWidget")
        logic = slicer.util.getModuleLogic("Standing")
        assert logic is slicer.modules.StandingWidget.logic
        assert slicer.util.getModuleWidget("Standing") is slicer.modules.StandingWidget
        assert slicer.util.getNewModuleWidget("Standing").logic is not logic

    def test_cleanup_comes_once(self, two_modules):
        standin.make_module("Standing", two_modules)
        first = slicer.util.getModuleWidget("Standing")
        second = standin.reload_module("Standing")
        assert (first.cleanups, second.cleanups) == (1, 0)
        standin.remove_module("Standing")
        assert (first.cleanups, second.cleanups) == (1, 1)
        assert "Standing" not in sys.modules

    def test_reload_takes_new_code(self, two_modules):
        standin.make_module("Standing", two_modules)
        slicer.util.getModuleWidget("Standing")
        file = two_modules / "Standing.py"
        file.write_text(file.read_text().replace("cleanups = 0", "cleanups = 100  # a line longer than before"))
        assert standin.reload_module("Standing").cleanups == 100

    def test_a_widget_can_stand_alone(self, two_modules):
        standin.make_module("Standing", two_modules)
        widget = sys.modules["Standing"].StandingWidget()
        assert widget.parent.mrmlScene() is slicer.mrmlScene
        assert widget.logic.moduleName == "Standing"

    def test_parameter_nodes(self, two_modules):
        standin.make_module("Standing", two_modules)
        logic = slicer.util.getModuleLogic("Standing")
        node = logic.getParameterNode()
        assert logic.getParameterNode() is node
        assert node.GetAttribute("ModuleName") == "Standing"
        standin.close_scene()
        assert logic.getParameterNode().GetAttribute("ModuleName") == "Standing"
        logic.isSingletonParameterNode = False
        slicer.mrmlScene.AddNode(logic.createParameterNode())
        assert len(logic.getAllParameterNodes()) == 2


def test_own_files_are_used_where_named():
    own = slicers_own_files()
    import slicer.parameterNodeWrapper
    import slicer.ScriptedLoadableModule

    folder = own or Path(standin.__file__).parent / "double"
    for module in (slicer.parameterNodeWrapper, slicer.ScriptedLoadableModule):
        assert Path(module.__file__).is_relative_to(folder)


def test_a_folder_without_slicer_s_files_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("SLICER_PYTHON_DIR", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"no slicer/ScriptedLoadableModule\.py"):
        slicers_own_files()


class TestViews:
    def test_slice_views(self):
        layout = slicer.app.layoutManager()
        assert layout.sliceViewNames() == ["Red", "Green", "Yellow"]
        volume = slicer.util.addVolumeFromArray(np.ones((10, 20, 30)), name="CT")
        volume.SetOrigin(100, 0, 0)
        slicer.util.setSliceViewerLayers(background=volume, fit=True)
        green = layout.sliceWidget("Green")
        assert green.mrmlSliceNode().GetOrientation() == "Coronal"
        assert green.mrmlSliceCompositeNode().GetBackgroundVolumeID() == volume.GetID()
        bounds = [0.0] * 6
        green.sliceLogic().GetSliceBounds(bounds)
        assert green.mrmlSliceNode().GetFieldOfView()[0] >= 30
        center = green.mrmlSliceNode().GetSliceToRAS().MultiplyPoint((0, 0, 0, 1))
        assert center[:3] == pytest.approx((114.5, 9.5, 4.5), abs=1)
        slicer.util.setSliceViewerLayers(background=volume, rotateToVolumePlane=True)
        assert layout.sliceWidget("Blue") is None

    def test_three_d_view(self):
        view = slicer.app.layoutManager().threeDWidget(0).threeDView()
        camera = view.cameraNode()
        assert slicer.modules.cameras.logic().GetViewActiveCameraNode(view.mrmlViewNode()) is camera
        slicer.util.addVolumeFromArray(np.ones((11, 11, 11))).SetOrigin(100, 0, 0)
        slicer.util.resetThreeDViews()
        assert camera.GetFocalPoint() == pytest.approx((105, 5, 5))
        assert slicer.app.layoutManager().threeDWidget(1) is None

    def test_views_are_there_after_the_scene_is_closed(self):
        standin.close_scene()
        layout = slicer.app.layoutManager()
        assert layout.sliceViewNames() == ["Red", "Green", "Yellow"]
        for name in layout.sliceViewNames():
            assert layout.sliceWidget(name).mrmlSliceNode().GetScene() is slicer.mrmlScene
            assert layout.sliceWidget(name).mrmlSliceCompositeNode().GetScene() is slicer.mrmlScene
        assert layout.threeDWidget(0).threeDView().cameraNode().GetScene() is slicer.mrmlScene
        assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLCameraNode") == 1

    def test_another_layout(self):
        layout = slicer.app.layoutManager()
        before = layout.layout
        layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
        assert layout.sliceViewNames() == ["Red"]
        layout.setLayout(before)
        assert layout.threeDViewCount == 1


class TestScene:
    def test_every_node_that_users_see_is_in_the_subject_hierarchy(self):
        model = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", "screw")
        camera = slicer.app.layoutManager().threeDWidget(0).threeDView().cameraNode()
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
        assert hierarchy.GetItemName(hierarchy.GetItemByDataNode(model)) == "screw"
        assert not hierarchy.GetItemByDataNode(camera)

    @pytest.mark.parametrize("name", ["volumes", "models", "markups", "segmentations", "transforms", "cameras"])
    def test_logics_are_there(self, name):
        logic = slicer.util.getModuleLogic(getattr(slicer.modules, name))
        assert logic.GetMRMLScene() is slicer.mrmlScene

    def test_nodes_are_saved_and_loaded(self, tmp_path):
        voxels = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
        slicer.util.saveNode(slicer.util.addVolumeFromArray(voxels, name="CT"), str(tmp_path / "ct.nrrd"), {})
        points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "L3")
        points.AddControlPoint(1, 2, 3)
        slicer.util.saveNode(points, str(tmp_path / "points.mrk.json"), {})
        standin.close_scene()
        assert np.array_equal(
            slicer.util.arrayFromVolume(slicer.util.loadVolume(str(tmp_path / "ct.nrrd"), {})), voxels
        )
        loaded = slicer.util.loadMarkups(str(tmp_path / "points.mrk.json"))
        assert slicer.util.arrayFromMarkupsControlPoints(loaded) == pytest.approx(np.array([[1, 2, 3]]))
        with pytest.raises(RuntimeError, match="Failed to load"):
            slicer.util.loadVolume(str(tmp_path / "nothing.nrrd"), {})

    def test_a_scene_is_added_unless_told_to_clear(self, tmp_path):
        slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", "saved")
        scene = standin.save_scene(tmp_path / "scene.mrb")
        standin.close_scene()
        slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", "there")
        slicer.util.loadScene(str(scene), {})
        assert slicer.util.getNode("saved")
        assert slicer.util.getNode("there")
        standin.load_scene(scene)
        assert list(slicer.util.getNodes("saved*")) == ["saved"]
        assert slicer.mrmlScene.GetFirstNodeByName("there") is None


class TestMessages:
    def test_what_would_have_been_said_is_kept(self):
        with standin.CapturedMessages() as messages:
            slicer.util.errorDisplay("It failed.", detailedText="Because")
            slicer.util.infoDisplay("It went on.")
            assert slicer.util.confirmOkCancelDisplay("Install 200 MB?")
        assert messages.texts == ["It failed.", "It went on.", "Install 200 MB?"]
        assert messages.details == ["Because", None, None]

    def test_questions_can_be_refused(self):
        with standin.CapturedMessages(answer=False):
            assert not slicer.util.confirmYesNoDisplay("Sure?")

    @pytest.mark.parametrize(
        ("ask", "said"),
        [
            (lambda: slicer.util.errorDisplay("It failed.", detailedText="Because"), "It failed."),
            (lambda: slicer.util.confirmYesNoDisplay("Sure?"), "Sure?"),
            (lambda: qt.QMessageBox.warning(None, "Title", "Careful"), "Careful"),
            (lambda: qt.QFileDialog.getSaveFileName(None, "Save the X-ray"), "Save the X-ray"),
            (lambda: qt.QDialog().exec_(), "QDialog"),
        ],
    )
    def test_nothing_waits_for_a_user(self, ask, said):
        with pytest.raises(RuntimeError, match=said.replace("?", r"\?")):
            ask()

    def test_progress_dialogs_work(self):
        dialog = slicer.util.createProgressDialog(value=0, maximum=10, labelText="Rendering")
        dialog.value = 3
        assert (dialog.value, dialog.labelText) == (3, "Rendering")
        dialog.close()


def test_main_window_and_status():
    assert slicer.util.mainWindow().objectName == "qSlicerMainWindow"
    slicer.util.showStatusMessage("Ready", 1000)
    assert slicer.util.mainWindow().statusBar().currentMessage() == "Ready"
    assert isinstance(slicer.app, qt.QApplication)
    assert slicer.app.applicationName == "Slicer"
    assert Path(slicer.util.tempDirectory()).is_relative_to(slicer.app.temporaryPath)


def test_rendering_is_paused_and_resumed():
    with slicer.util.RenderBlocker():
        assert slicer.app.pauseRenderCount == 1
    assert slicer.app.pauseRenderCount == 0
