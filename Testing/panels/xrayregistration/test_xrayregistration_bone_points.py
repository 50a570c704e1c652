"""The points that a model sees on the bones: shown and exported."""

import numpy as np
import qt
import slicer
from vtkmodules.util.numpy_support import vtk_to_numpy
from xrayregistration_models import (
    SIGMA_MM,
    make_model,
    model_nodes,
    points_in_world,
    sees_everything,
    true_points,
    use_model,
)
from xrayregistration_support import FAR, off, register, true_view

from panel_support import press, settle
from xray3d.mrml.transforms import add_transform
from xray3d.mrml.volumes import ct_from_node
from xray3d.mrml.xrays import projection_from_node
from xray3d.registration.scene_regression.locating import Locator
from xray3d.volumes.point_cloud import SIGMA_ARRAY


def test_they_lie_on_the_bones_and_are_coloured_by_uncertainty(modelled):
    register(modelled)
    assert not modelled.ui.bonePointsFrame.isHidden()
    press(modelled, "showPointsButton")
    (node,) = model_nodes()
    np.testing.assert_allclose(points_in_world(node), true_points(), atol=1e-3)
    sigma = vtk_to_numpy(node.GetPolyData().GetPointData().GetArray(SIGMA_ARRAY))
    np.testing.assert_allclose(sigma, SIGMA_MM)
    display = node.GetDisplayNode()
    assert display.GetActiveScalarName() == SIGMA_ARRAY
    assert display.GetScalarVisibility()
    assert modelled.panel.parameters.bonePoints is node


def test_they_go_with_a_ct_that_is_moved(ready, fake, tmp_path, monkeypatch):
    table, fake.motions = off((30, -20, 10), (0, 0, 40)), [np.eye(4)]
    ct = ready.panel.parameters.ct
    transform = add_transform(table, "Table")
    ct.SetAndObserveTransformNodeID(transform.GetID())
    settle(ready)
    make_model(ct_from_node(ct)).save(tmp_path / "model")
    monkeypatch.setattr(Locator, "locate", sees_everything(table))
    use_model(ready, tmp_path / "model")
    register(ready)
    found = projection_from_node(ready.panel.parameters.xray1)
    np.testing.assert_allclose(found.extrinsic, true_view(0).moved(table).extrinsic, atol=0.05)
    press(ready, "showPointsButton")
    (node,) = model_nodes()
    assert node.GetParentTransformNode() is transform
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(off((-50, 0, 9))))
    expected = true_points() @ off((-50, 0, 9))[:3, :3].T + off((-50, 0, 9))[:3, 3]
    np.testing.assert_allclose(points_in_world(node), expected, atol=1e-3)


def test_a_second_time_updates_the_node(modelled):
    register(modelled)
    press(modelled, "showPointsButton")
    (node,) = model_nodes()
    node.SetName("Mine")
    node.GetDisplayNode().SetVisibility(False)
    modelled.ui.xraySelector2.setCurrentNode(None)
    settle(modelled)
    register(modelled)
    press(modelled, "showPointsButton")
    assert model_nodes() == [node]
    assert (node.GetName(), node.GetDisplayNode().GetVisibility()) == ("Mine", 1)
    assert len(points_in_world(node)) == len(true_points(1))


def test_after_the_node_was_deleted_there_is_a_new_one(modelled):
    register(modelled)
    press(modelled, "showPointsButton")
    slicer.mrmlScene.RemoveNode(model_nodes()[0])
    settle(modelled)
    assert modelled.panel.parameters.bonePoints is None
    press(modelled, "showPointsButton")
    assert len(model_nodes()) == 1
    slicer.mrmlScene.RemoveNode(modelled.panel.parameters.ct)
    settle(modelled)
    assert modelled.ui.bonePointsFrame.isHidden()


def test_they_are_those_of_the_last_registration(modelled, fake):
    register(modelled)
    assert not modelled.ui.bonePointsFrame.isHidden()
    modelled.ui.startComboBox.setCurrentText("where the X-rays are now")
    settle(modelled)
    register(modelled)
    assert modelled.ui.bonePointsFrame.isHidden()


def test_they_are_exported_in_the_frame_of_the_cts_file(modelled, tmp_path, monkeypatch):
    register(modelled)
    modelled.panel.parameters.ct.SetAndObserveTransformNodeID(add_transform(off(*FAR), "Later").GetID())
    picked = []
    monkeypatch.setattr(qt.QFileDialog, "getSaveFileName", lambda *_arguments: picked[-1])
    for suffix in (".ply", ".vtp"):
        path = tmp_path / f"points{suffix}"
        path.write_text("what was there")
        picked.append(str(path))
        press(modelled, "exportPointsButton")
        assert str(path) in modelled.panel.bar.message
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode")
        storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelStorageNode")
        storage.SetFileName(str(path))
        assert storage.ReadData(node)
        np.testing.assert_allclose(points_in_world(node), true_points(), atol=1e-3)
    before = sorted(tmp_path.iterdir())
    for name, words in {"": "", str(tmp_path / "points.txt"): "choose .ply or .vtp"}.items():
        picked.append(name)
        press(modelled, "exportPointsButton")
        assert words in modelled.panel.bar.message
        assert bool(modelled.panel.bar.message) == bool(words)
    assert sorted(tmp_path.iterdir()) == before
