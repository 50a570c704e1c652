"""Masks on X-rays and regions of them and of CTs, from segmentations, label maps and boxes."""

import numpy as np
import pytest
import slicer
import slicer.util
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkFiltersSources import vtkSphereSource

from mrml_support import rigid, small_ct, under, view, warped, xray
from xray3d.errors import GeometryError, VolumeError
from xray3d.mrml.masks import implants_from_node, mask_from_node, region_from_node, region_from_segment
from xray3d.mrml.segmentations import add_segmentation
from xray3d.mrml.volumes import ct_to_node, ijk_to_world
from xray3d.mrml.xrays import xray_to_node

SHAPE = (40, 48)


@pytest.fixture
def xray_node(scene):
    node = xray_to_node(xray(view(30, -10)), name="AP")
    under(node, rigid((5, 0, 20), (10, 0, -4)))
    return node


def corner():
    """A mask that no flip or transpose leaves as it is."""
    covered = np.zeros(SHAPE, bool)
    covered[3:9, 20:41] = True
    return covered


def add_labels(covered, xray_node, name="Screws"):
    """A label map on the X-ray's pixels, under the same transform."""
    node = slicer.util.addVolumeFromArray(
        covered[None].astype(np.uint8), name=name, nodeClassName="vtkMRMLLabelMapVolumeNode"
    )
    node.CopyOrientation(xray_node)
    node.SetAndObserveTransformNodeID(xray_node.GetTransformNodeID())
    return node


@pytest.mark.parametrize("kind", ["labels", "segments"])
def test_covers_the_pixels_it_was_drawn_on(xray_node, kind):
    if kind == "labels":
        node = add_labels(corner(), xray_node)
    else:
        halves = corner()[None].astype(np.uint8)
        halves[:, :, 30:] *= 2
        node = add_segmentation(halves, xray_node, {1: "left", 2: "right"}, "Screws")
    np.testing.assert_array_equal(mask_from_node(node, xray_node), corner())


def test_a_mask_of_a_finer_grid_is_sampled(xray_node):
    fine = add_labels(np.kron(corner(), np.ones((2, 2), bool)), xray_node)
    matrix = vtkMatrix4x4()
    xray_node.GetIJKToRASMatrix(matrix)
    halved = slicer.util.arrayFromVTKMatrix(matrix)
    halved[:, 3] = halved @ [-0.25, -0.25, 0, 1]
    halved[:3, :2] /= 2
    fine.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(halved))
    np.testing.assert_array_equal(mask_from_node(fine, xray_node), corner())


@pytest.mark.parametrize(("filled", "words"), [(True, "covers all of AP"), (False, "covers nothing of AP")])
def test_all_or_nothing_is_refused(xray_node, filled, words):
    with pytest.raises(VolumeError, match=words):
        mask_from_node(add_labels(np.full(SHAPE, filled), xray_node), xray_node)


def test_a_mask_elsewhere_covers_nothing(xray_node):
    node = add_labels(corner(), xray_node)
    under(node, rigid((0, 0, 0), (0, 400, 0)))
    with pytest.raises(VolumeError, match="covers nothing"):
        mask_from_node(node, xray_node)


def test_a_warped_mask_is_refused(xray_node):
    node = add_labels(corner(), xray_node)
    warped(node)
    with pytest.raises(GeometryError, match="not linear"):
        mask_from_node(node, xray_node)


def test_a_region_lies_on_the_cts_voxels(scene):
    ct = small_ct()
    ct_node = ct_to_node(ct, "patient")
    under(ct_node, rigid((0, 0, 30), (5, 6, 7)))
    bone = ct.hu > 500
    segmentation = add_segmentation(bone, ct_node, {1: "L3"})
    region = region_from_segment(segmentation, segmentation.GetSegmentation().GetNthSegmentID(0), ct_node)
    np.testing.assert_array_equal(region.labels != 0, bone)
    np.testing.assert_allclose(region.ijk_to_ras, rigid((0, 0, 30), (5, 6, 7)) @ ct.ijk_to_ras, atol=1e-9)
    assert region.name == "L3"


def test_an_empty_region_is_refused(scene):
    ct_node = ct_to_node(small_ct(), "patient")
    segmentation = add_segmentation(np.zeros(small_ct().hu.shape, bool), ct_node, {1: "L3"})
    with pytest.raises(VolumeError, match="L3 has no voxel inside patient"):
        region_from_segment(segmentation, segmentation.GetSegmentation().GetNthSegmentID(0), ct_node)


class TestImplants:
    @pytest.mark.parametrize("kind", ["labels", "segments"])
    def test_where_they_were_drawn(self, xray_node, kind):
        if kind == "labels":
            node = add_labels(corner(), xray_node)
        else:
            node = add_segmentation(corner()[None], xray_node, {1: "rod"}, "Rods")
        np.testing.assert_array_equal(implants_from_node(node, xray_node), corner())

    @pytest.mark.parametrize("kind", ["labels", "segments", "no segment"])
    def test_an_empty_mask_is_none_at_all(self, xray_node, kind):
        if kind == "labels":
            node = add_labels(np.zeros(SHAPE, bool), xray_node)
        else:
            node = add_segmentation(np.zeros((1, *SHAPE), bool), xray_node, {1: "rod"} if kind == "segments" else {})
        assert not implants_from_node(node, xray_node).any()

    def test_drawn_on_another_grid_of_voxels(self, xray_node):
        """Voxels of 7 mm about the detector, that stand askew to it."""
        askew = slicer.util.addVolumeFromArray(np.zeros((90, 90, 90), np.uint8), name="Grid")
        matrix = rigid((20, -35, 50)) @ np.diag([7.0, 7.0, 7.0, 1.0])
        centre = ijk_to_world(xray_node) @ [23.5, 19.5, 0, 1]
        matrix[:3, 3] = centre[:3] - matrix[:3, :3] @ [44.5, 44.5, 44.5]
        askew.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(matrix))
        k, j, i = np.indices((90, 90, 90))
        world = np.stack([i, j, k, np.ones_like(i)], axis=-1) @ matrix.T
        pixels = world @ np.linalg.inv(ijk_to_world(xray_node)).T
        half = pixels[..., 0] < 23.5
        node = add_segmentation(half, askew, {1: "left half"})
        found = implants_from_node(node, xray_node)
        assert found[:, :22].all()
        assert not found[:, 26:].any()

    def test_a_surface_is_filled(self, xray_node):
        ball = vtkSphereSource()
        ball.SetCenter(*(ijk_to_world(xray_node) @ [30, 10, 0, 1])[:3])
        ball.SetRadius(25)
        ball.SetThetaResolution(60)
        ball.SetPhiResolution(60)
        ball.Update()
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Ball")
        node.GetSegmentation().SetSourceRepresentationName("Closed surface")
        node.AddSegmentFromClosedSurfaceRepresentation(ball.GetOutput(), "ball")
        rows, columns = np.indices(SHAPE)
        inside = np.hypot((columns - 30) * 4, (rows - 10) * 5)
        found = implants_from_node(node, xray_node)
        assert found[inside < 20].all()
        assert not found[inside > 30].any()

    @pytest.mark.parametrize("kind", ["labels", "segments"])
    def test_those_of_another_xray_are_refused(self, xray_node, kind):
        other = xray_to_node(xray(view(90)), name="LAT")
        make = add_labels if kind == "labels" else lambda mask, node: add_segmentation(mask[None], node, {1: "rod"})
        node = make(corner(), other)
        with pytest.raises(VolumeError, match="covers nothing of AP; it was drawn on something else"):
            implants_from_node(node, xray_node)

    def test_everything_is_refused(self, xray_node):
        with pytest.raises(VolumeError, match="covers all of AP, so nothing is left to go on from"):
            implants_from_node(add_labels(np.full(SHAPE, True), xray_node), xray_node)

    def test_an_xray_needs_no_geometry(self, scene):
        node = slicer.util.addVolumeFromArray(np.zeros((1, *SHAPE), np.int16), name="Plain")
        np.testing.assert_array_equal(implants_from_node(add_labels(corner(), node), node), corner())


def test_a_region_beside_the_xray_is_refused(xray_node):
    node = add_labels(corner(), xray_node, "Box")
    under(node, rigid((0, 0, 0), (0, 400, 0)))
    with pytest.raises(VolumeError, match="Box covers nothing of AP; draw it on that X-ray, or choose no region"):
        region_from_node(node, xray_node)


def test_a_warped_box_is_refused(xray_node):
    box = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
    warped(box)
    with pytest.raises(GeometryError, match="not linear"):
        region_from_node(box, xray_node)
