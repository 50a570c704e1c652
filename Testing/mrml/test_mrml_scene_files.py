"""Scenes are written and read again: nothing that matters is lost."""

import numpy as np
import pytest
import slicer
import slicer.util

from mrml_support import rigid, same_geometry, small_ct, under, view
from xray3d import DRRRenderer, XRayImage
from xray3d.errors import GeometryError
from xray3d.mrml.carm import show_carm
from xray3d.mrml.frustum import FRUSTUM_ROLE, IMAGE_ROLE, reconnect_images, show_frustum
from xray3d.mrml.models import add_surface, implant_from_node
from xray3d.mrml.points import point_from_node
from xray3d.mrml.polydata import COLOR_ARRAY
from xray3d.mrml.segmentations import add_segmentation, mask_from_segment
from xray3d.mrml.standalone import standalone_scene
from xray3d.mrml.subject_hierarchy import file_under, folder_of
from xray3d.mrml.volumes import ct_from_node, ct_to_node
from xray3d.mrml.xrays import projection_from_node, xray_from_node, xray_to_node
from xray3d.volumes.xray_files import PRINCIPAL_POINT_ATTRIBUTE, SDD_ATTRIBUTE

MOVED = rigid((10, 20, 30), (50, -60, 70))


def write_mrb(scene, folder):
    path = folder / "case.mrb"
    assert scene.WriteToMRB(str(path))
    return path


def write_mrml(scene, folder):
    path = folder / "case.mrml"
    scene.SetURL(str(path))
    scene.SetRootDirectory(str(folder))
    for index in range(scene.GetNumberOfNodes()):
        node = scene.GetNthNode(index)
        if node.IsA("vtkMRMLStorableNode") and not node.GetHideFromEditors():
            if node.GetStorageNode() is None:
                node.AddDefaultStorageNode()
            if node.GetStorageNode() is not None:
                storage = node.GetStorageNode()
                storage.SetFileName(str(folder / f"{node.GetID()}.{storage.GetDefaultWriteFileExtension()}"))
                assert storage.WriteData(node)
    assert scene.Commit(str(path))
    return path


def read(path):
    if path.suffix == ".mrb":
        assert slicer.mrmlScene.ReadFromMRB(str(path), True)
    else:
        slicer.mrmlScene.SetURL(str(path))
        assert slicer.mrmlScene.Connect()


def node_named(name):
    return slicer.util.getFirstNodeByName(name)


@pytest.fixture(params=[write_mrb, write_mrml], ids=["mrb", "mrml"])
def saved(request, tmp_path):
    """A scene of everything, in a file; the X-ray in it shows the CT, both under a transform."""
    ct, projection = small_ct(), view(30, 15)
    with standalone_scene() as own:
        ct_node = ct_to_node(ct, "CT")
        node = xray_to_node(XRayImage(DRRRenderer(ct).render(projection), projection), name="shot")
        under(ct_node, MOVED)
        node.SetAndObserveTransformNodeID(ct_node.GetTransformNodeID())
        show_frustum(node)
        show_carm(projection, (1, 2, 3))
        add_surface([[0, 0, 0], [9, 0, 0], [0, 9, 0], [0, 0, 9]], [[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]], "screw")
        add_segmentation((ct.hu == 700).astype(int), ct_node, {1: "bone"}, "parts")
        point = own.scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "landmark")
        point.AddControlPoint(4, 5, 6)
        for filed, folder in ((ct_node, "CT"), (node, "X-rays")):
            file_under(filed, folder)
        return request.param(own.scene, tmp_path)


def test_geometry_pixels_and_transforms_come_back(scene, saved):
    read(saved)
    ct, xray = ct_from_node(node_named("CT")), xray_from_node(node_named("shot"))
    assert same_geometry(xray.projection, view(30, 15).moved(MOVED))
    assert np.array_equal(ct.hu, small_ct().hu)
    np.testing.assert_allclose(ct.ijk_to_ras, MOVED @ small_ct().ijk_to_ras, atol=1e-6)
    again = DRRRenderer(ct).render(xray.projection)
    assert np.abs(again - xray.pixels).max() < 2e-3 * xray.pixels.max()


def test_models_segments_points_and_folders_come_back(scene, saved):
    read(saved)
    assert len(implant_from_node(node_named("screw")).triangles) == 4
    parts = node_named("parts")
    mask = mask_from_segment(parts, parts.GetSegmentation().GetNthSegmentID(0), node_named("CT"))
    assert np.array_equal(mask, small_ct().hu == 700)
    np.testing.assert_allclose(point_from_node(node_named("landmark")), [4, 5, 6])
    assert folder_of(node_named("CT")) == "CT"
    assert folder_of(node_named("shot")) == "X-rays"
    carm = node_named("C-arm")
    assert carm.GetPolyData().GetPointData().HasArray(COLOR_ARRAY)
    assert carm.GetDisplayNode().GetActiveScalarName() == COLOR_ARRAY


def test_the_image_goes_back_on_its_detector(scene, saved):
    read(saved)
    node = node_named("shot")
    image, frustum = node.GetNodeReference(IMAGE_ROLE), node.GetNodeReference(FRUSTUM_ROLE)
    assert image.GetName() == "shot image"
    assert image.GetPolyData().GetPointData().GetTCoords() is not None
    assert image.GetDisplayNode().GetTextureImageDataConnection() is None, "MRML keeps no connections"
    reconnect_images(scene)
    assert image.GetDisplayNode().GetTextureImageDataConnection() is not None
    count = scene.GetNumberOfNodes()
    assert show_frustum(node) == [image, frustum]
    assert scene.GetNumberOfNodes() == count


def test_a_scene_without_our_attributes_is_named(scene, saved, tmp_path):
    read(saved)
    for attribute in (SDD_ATTRIBUTE, PRINCIPAL_POINT_ATTRIBUTE):
        node_named("shot").RemoveAttribute(attribute)
    older = write_mrb(scene, tmp_path)
    read(older)
    reconnect_images(scene)
    with pytest.raises(GeometryError, match="shot has no X-ray geometry"):
        projection_from_node(node_named("shot"))


def test_the_scene_before_is_the_scene_after(own):
    with standalone_scene() as inner:
        assert slicer.mrmlScene is inner.scene
    assert slicer.mrmlScene is own.scene
