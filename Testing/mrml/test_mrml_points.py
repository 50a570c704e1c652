"""Points from nodes, folders of the subject hierarchy, transforms."""

import numpy as np
import pytest
import slicer

from mrml_support import rigid, small_ct, under
from xray3d.errors import GeometryError
from xray3d.mrml.models import add_surface
from xray3d.mrml.points import point_from_node
from xray3d.mrml.segmentations import add_segmentation
from xray3d.mrml.subject_hierarchy import file_under, folder_of
from xray3d.mrml.transforms import add_transform, world_matrix
from xray3d.mrml.volumes import ct_to_node

MOVED = rigid((10, 20, 30), (50, -60, 70))


def moved(point):
    return (MOVED @ [*point, 1])[:3]


def fiducials():
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "F")
    node.AddControlPoint(1, 2, 3)
    node.AddControlPoint(3, 6, 9)
    return node


def region():
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "R")
    node.SetCenter(2, 4, 6)
    node.SetSize(10, 20, 30)
    return node


def tetrahedron():
    corners = np.array([[0, 0, 0], [4, 0, 0], [0, 8, 0], [0, 0, 12]])
    return add_surface(corners, [[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]], "T")


@pytest.mark.parametrize("make", [fiducials, region, tetrahedron])
def test_centre_of_markups_and_models(scene, make):
    node = make()
    np.testing.assert_allclose(point_from_node(node), [2, 4, 6], atol=1e-5)
    transform = np.eye(4)
    transform[:3, 3] = 5, 6, 7
    under(node, transform)
    np.testing.assert_allclose(point_from_node(node), [7, 10, 13], atol=1e-5)


def test_centre_of_volumes_and_segmentations(scene):
    ct = small_ct()
    node = ct_to_node(ct, "CT")
    segmentation = add_segmentation(ct.hu > -2000, node, {1: "all"})
    for centred in (node, segmentation):
        under(centred, MOVED)
        np.testing.assert_allclose(point_from_node(centred), moved(ct.center_ras), atol=1e-4)


@pytest.mark.parametrize(
    ("class_name", "sentence"),
    [
        ("vtkMRMLMarkupsFiducialNode", "thing has no points yet"),
        ("vtkMRMLModelNode", "thing is empty"),
        ("vtkMRMLScalarVolumeNode", "thing is empty"),
        ("vtkMRMLSegmentationNode", "thing is empty"),
        ("vtkMRMLTextNode", "thing is a Text and has no place"),
    ],
)
def test_what_has_no_centre_is_refused(scene, class_name, sentence):
    with pytest.raises(GeometryError, match=sentence):
        point_from_node(scene.AddNewNodeByClass(class_name, "thing"))
    with pytest.raises(GeometryError, match="No point is chosen"):
        point_from_node(None)


def test_transforms_above_a_node_are_multiplied(scene):
    node = add_transform(np.eye(4), "own")
    assert np.array_equal(world_matrix(node), np.eye(4))
    other = rigid((0, 45, 0), (1, 2, 3))
    under(node, MOVED, other)
    np.testing.assert_allclose(world_matrix(node), other @ MOVED, atol=1e-12)


def test_nodes_are_filed_under_one_folder(scene):
    first, second = fiducials(), region()
    assert folder_of(first) is None
    for node in (first, second, first):
        file_under(node, "Points")
    assert folder_of(first) == folder_of(second) == "Points"
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    assert hierarchy.GetNumberOfItems() == 3
    file_under(first, "Elsewhere")
    assert folder_of(first) == "Elsewhere"
