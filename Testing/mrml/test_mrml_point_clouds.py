"""Point clouds as models, and their files as Slicer reads them."""

import numpy as np
import pytest
import slicer
from vtkmodules.util.numpy_support import vtk_to_numpy

from mrml_support import rigid, small_ct, under, warped
from xray3d.errors import GeometryError
from xray3d.mrml.point_clouds import in_coordinates_of, show_point_cloud
from xray3d.mrml.transforms import world_matrix
from xray3d.mrml.volumes import ct_to_node
from xray3d.volumes.point_cloud import SIGMA_ARRAY, PointCloud, save_point_cloud


def cloud(count=5, name="L3 points"):
    rng = np.random.default_rng(count)
    return PointCloud(rng.normal(size=(count, 3)) * 40, rng.random(count) * 6, rng.random(count) < 0.5, name)


def points_of(node):
    return vtk_to_numpy(node.GetPolyData().GetPoints().GetData())


def test_points_are_a_model_coloured_by_uncertainty(scene):
    node = show_point_cloud(cloud())
    assert node.GetName() == "L3 points"
    np.testing.assert_array_equal(points_of(node), cloud().points_ras)
    np.testing.assert_array_equal(
        vtk_to_numpy(node.GetPolyData().GetPointData().GetArray(SIGMA_ARRAY)), cloud().sigma_mm
    )
    display = node.GetDisplayNode()
    assert display.GetActiveScalarName() == SIGMA_ARRAY
    assert display.GetScalarVisibility()
    assert display.GetScalarRange() == (0.0, 6.0)
    assert display.GetColorNode() is not None


def test_a_model_is_updated_in_place(scene):
    node = show_point_cloud(cloud())
    node.GetDisplayNode().SetPointSize(9)
    assert show_point_cloud(cloud(8, "other"), node) is node
    assert node.GetName() == "L3 points"
    assert len(points_of(node)) == 8
    assert node.GetDisplayNode().GetPointSize() == 9


def test_points_in_the_world_lie_on_a_ct_that_is_moved(scene):
    """Under two transforms, the outer of which scales."""
    ct = ct_to_node(small_ct(), "Patient")
    under(ct, rigid((10, 20, 30), (5, -6, 7)), np.diag([2.0, 1.0, 0.5, 1.0]))
    own = in_coordinates_of(cloud(), ct)
    to_world = world_matrix(ct)
    np.testing.assert_allclose(own.points_ras @ to_world[:3, :3].T + to_world[:3, 3], cloud().points_ras, atol=1e-4)
    np.testing.assert_array_equal(own.sigma_mm, cloud().sigma_mm)
    assert own.name == cloud().name
    node = show_point_cloud(own, beside=ct)
    np.testing.assert_array_equal(world_matrix(node), to_world)
    np.testing.assert_array_equal(points_of(node), own.points_ras)
    ct.SetAndObserveTransformNodeID(None)
    assert show_point_cloud(own, node, beside=ct).GetParentTransformNode() is None


def test_points_in_the_world_stay_under_the_transform_that_somebody_gave_them(scene):
    node = show_point_cloud(cloud())
    under(node, rigid((0, 0, 9), (1, 2, 3)))
    parent = node.GetParentTransformNode()
    assert show_point_cloud(cloud(8), node).GetParentTransformNode() is parent


def test_points_are_not_put_on_a_ct_that_is_warped(scene):
    ct = ct_to_node(small_ct(), "Patient")
    warped(ct)
    with pytest.raises(GeometryError, match="Patient is under a transform that is not linear"):
        in_coordinates_of(cloud(), ct)


@pytest.mark.parametrize("suffix", [".ply", ".vtp"])
def test_files_come_back_in_ras(scene, tmp_path, suffix):
    """Even where the storage node expects RAS: the file says what it is."""
    path = tmp_path / f"points{suffix}"
    save_point_cloud(cloud(), path)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", "points")
    storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelStorageNode")
    storage.SetCoordinateSystem(slicer.vtkMRMLStorageNode.CoordinateSystemRAS)
    storage.SetFileName(str(path))
    assert storage.ReadData(node)
    np.testing.assert_allclose(points_of(node), cloud().points_ras, rtol=1e-6)


def test_uncertainties_survive_a_scene_file(scene, tmp_path):
    show_point_cloud(cloud())
    path = tmp_path / "case.mrb"
    assert slicer.mrmlScene.WriteToMRB(str(path))
    slicer.mrmlScene.Clear()
    assert slicer.mrmlScene.ReadFromMRB(str(path), True)
    node = slicer.util.getFirstNodeByName("L3 points")
    np.testing.assert_allclose(points_of(node), cloud().points_ras, rtol=1e-6)
    np.testing.assert_array_equal(
        vtk_to_numpy(node.GetPolyData().GetPointData().GetArray(SIGMA_ARRAY)), cloud().sigma_mm
    )
    assert node.GetDisplayNode().GetActiveScalarName() == SIGMA_ARRAY
