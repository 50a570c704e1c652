"""Images of the scene that are given their geometry from a file."""

import numpy as np
import pytest
import slicer
import slicer.util
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from mrml_support import rigid, same_geometry, small_ct, under, view, xray
from xray3d import save_geometry
from xray3d.errors import GeometryError, VolumeError
from xray3d.geometry.p_matrix import save_p_matrix
from xray3d.mrml.frustum import IMAGE_ROLE, show_frustum
from xray3d.mrml.registration import Motion, move_rigidly, projection_at_start
from xray3d.mrml.transforms import add_transform
from xray3d.mrml.volumes import ct_to_node
from xray3d.mrml.xray_geometry import geometry_for_node, give_geometry
from xray3d.mrml.xrays import projection_from_node, xray_to_node

VIEW = view(30, -10, size_px=(20, 24), pixel_mm=(5.0, 4.0))


@pytest.fixture
def image(scene):
    """An image as Slicer reads one: pixels and their spacing, and no source."""
    node = slicer.util.addVolumeFromArray(np.arange(480, dtype=np.uint16).reshape(1, 20, 24), name="AP")
    node.SetSpacing(4.0, 5.0, 1.0)
    return node


@pytest.mark.parametrize("name", ["ap.json", "ap.txt", "ap.npy"])
def test_an_image_becomes_an_xray(image, tmp_path, name):
    save = save_geometry if name.endswith("json") else save_p_matrix
    save(VIEW, tmp_path / name)
    give_geometry(image, geometry_for_node(image, tmp_path / name))
    assert same_geometry(projection_from_node(image), VIEW)
    pixels = slicer.util.arrayFromVolume(image)
    assert pixels.dtype == np.uint16
    np.testing.assert_array_equal(pixels.ravel(), np.arange(480))


def test_it_stands_there_under_its_parents_too(image):
    under(image, rigid((10, 0, 0), (5, 6, 7)))
    give_geometry(image, VIEW)
    assert same_geometry(projection_from_node(image), VIEW)


def test_undo(image):
    before = _placement(image)
    give_geometry(image, VIEW).undo()
    np.testing.assert_array_equal(_placement(image), before)
    with pytest.raises(GeometryError, match="has no X-ray geometry"):
        projection_from_node(image)


def test_undo_after_the_image_was_deleted(scene, image):
    change = give_geometry(image, VIEW)
    scene.RemoveNode(image)
    change.undo()


def test_what_was_known_of_the_geometry_before_is_forgotten(scene):
    node = xray_to_node(xray(view(size_px=(20, 24))), name="AP")
    show_frustum(node)
    move_rigidly([Motion(node, rigid((0, 0, 5), (1, 2, 3)))], "Registration")
    give_geometry(node, VIEW)
    assert same_geometry(projection_from_node(node), VIEW)
    assert projection_at_start(node) is None
    shown = slicer.util.arrayFromModelPoints(node.GetNodeReference(IMAGE_ROLE))
    to_world = slicer.util.arrayFromTransformMatrix(node.GetParentTransformNode())
    depths = (shown @ to_world[:3, :3].T + to_world[:3, 3] - VIEW.source_ras) @ VIEW.viewing_direction_ras
    np.testing.assert_allclose(depths, VIEW.sdd_mm, atol=1e-2)


def test_refusals(image, tmp_path):
    save_geometry(VIEW, tmp_path / "view.json")
    other = xray_to_node(xray(view(size_px=(10, 12))), name="Small")
    with pytest.raises(GeometryError, match="20×24 pixels, but Small has 10×12"):
        geometry_for_node(other, tmp_path / "view.json")
    with pytest.raises(VolumeError, match="slices"):
        geometry_for_node(ct_to_node(small_ct(), "CT"), tmp_path / "view.json")
    with pytest.raises(GeometryError, match="is no geometry file"):
        geometry_for_node(image, tmp_path / "view.dcm")
    with pytest.raises(GeometryError, match="missing.json"):
        geometry_for_node(image, tmp_path / "missing.json")


def test_under_a_parent_that_is_not_rigid_nothing_changes(image):
    image.SetAndObserveTransformNodeID(add_transform(np.diag([2.0, 2, 2, 1]), "Scale").GetID())
    before = _placement(image)
    with pytest.raises(GeometryError, match="scale"):
        give_geometry(image, VIEW)
    np.testing.assert_array_equal(_placement(image), before)
    assert image.GetAttribute("XRay3D.SourceToDetectorDistance") is None


def _placement(node):
    """The node's own IJKToRAS, (4, 4)."""
    matrix = vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)
