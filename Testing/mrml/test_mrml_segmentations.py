"""Segments on the voxels of a CT."""

import numpy as np
import pytest
import slicer
from vtkmodules.vtkFiltersSources import vtkSphereSource

from mrml_support import rigid, small_ct, under
from xray3d.errors import VolumeError
from xray3d.mrml.segmentations import add_segmentation, mask_from_segment
from xray3d.mrml.volumes import ct_from_node, ct_to_node


def segment_ids(node):
    return list(node.GetSegmentation().GetSegmentIDs())


def ball(ct, center_ras, radius_mm):
    k, j, i = np.indices(ct.hu.shape)
    return np.linalg.norm(ct.to_ras(np.stack([i, j, k], axis=-1)) - center_ras, axis=-1) < radius_mm


def test_labels_come_back_segment_by_segment(scene):
    ct_node = ct_to_node(small_ct(), "CT")
    labels = np.random.default_rng(0).integers(0, 4, (20, 24, 28))
    under(ct_node, rigid((10, 20, 30), (50, 60, 70)))
    node = add_segmentation(labels, ct_node, {1: "L1", 3: "L3"}, "bones")
    assert [node.GetSegmentation().GetSegment(s).GetName() for s in segment_ids(node)] == ["L1", "L3"]
    for value, segment in zip((1, 3), segment_ids(node), strict=True):
        assert np.array_equal(mask_from_segment(node, segment, ct_node), labels == value)


def test_segments_that_share_a_labelmap_are_told_apart(scene):
    ct_node = ct_to_node(small_ct(), "CT")
    labels = np.zeros((20, 24, 28), int)
    labels[2:5, 3:9, 4:8], labels[10:15, 3:9, 4:8] = 1, 2
    node = add_segmentation(labels, ct_node, {1: "a", 2: "b"})
    node.GetSegmentation().CollapseBinaryLabelmaps(True)
    assert node.GetSegmentation().GetNumberOfLayers() == 1
    for value, segment in zip((1, 2), segment_ids(node), strict=True):
        assert np.array_equal(mask_from_segment(node, segment, ct_node), labels == value)


def test_each_under_its_own_transform_on_its_own_grid(scene):
    fine = small_ct((60, 60, 60), (1.0, 1.0, 1.0))
    center = np.array([4.0, -6.0, 3.0])
    node = add_segmentation(ball(fine, center, 12.0), ct_to_node(fine, "fine"), {1: "ball"})
    moved, ct_moved = rigid((0, 0, 40), (9, -4, 2)), rigid((30, -20, 10), (5, 5, 5))
    under(node, moved)
    ct_node = ct_to_node(small_ct(), "CT")
    under(ct_node, ct_moved)
    mask = mask_from_segment(node, segment_ids(node)[0], ct_node)
    ct = ct_from_node(ct_node)
    expected = ball(ct, (moved @ [*center, 1])[:3], 12.0)
    assert expected.sum() > 200
    assert 2 * (mask & expected).sum() / (mask.sum() + expected.sum()) > 0.97


def test_a_segment_that_is_only_a_surface_is_filled(scene):
    source = vtkSphereSource()
    source.SetCenter(5, 0, -4)
    source.SetRadius(14)
    source.SetThetaResolution(40)
    source.SetPhiResolution(40)
    source.Update()
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "S")
    node.GetSegmentation().SetSourceRepresentationName("Closed surface")
    segment = node.AddSegmentFromClosedSurfaceRepresentation(source.GetOutput(), "ball")
    ct_node = ct_to_node(small_ct(), "CT")
    mask, expected = mask_from_segment(node, segment, ct_node), ball(small_ct(), [5, 0, -4], 14)
    assert 2 * (mask & expected).sum() / (mask.sum() + expected.sum()) > 0.95
    assert not node.GetSegmentation().ContainsRepresentation("Binary labelmap"), "the user's node stays as it is"


def test_an_empty_segment_is_an_empty_mask(scene):
    ct_node = ct_to_node(small_ct(), "CT")
    node = add_segmentation(np.ones((20, 24, 28), bool), ct_node, {1: "all"})
    segment = node.GetSegmentation().AddEmptySegment("none")
    assert not mask_from_segment(node, segment, ct_node).any()


def test_wrong_nodes_are_refused(scene):
    ct_node = ct_to_node(small_ct(), "CT")
    node = add_segmentation(np.ones((20, 24, 28), bool), ct_node, {1: "all"}, "bones")
    with pytest.raises(VolumeError, match="No segmentation is chosen"):
        mask_from_segment(ct_node, "x", ct_node)
    with pytest.raises(VolumeError, match="bones has no segment 'L9'"):
        mask_from_segment(node, "L9", ct_node)
    with pytest.raises(VolumeError, match="No CT is chosen"):
        mask_from_segment(node, segment_ids(node)[0], None)
    with pytest.raises(VolumeError, match="but CT has"):
        add_segmentation(np.ones((3, 4, 5), bool), ct_node, {1: "all"})
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1
