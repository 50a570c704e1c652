"""X-rays, frustums, rays and the C-arm in the 3D view."""

import numpy as np
import pytest
import slicer.util

from mrml_support import rigid, same_geometry, under, view, xray
from xray3d.errors import GeometryError
from xray3d.mrml.carm import carm_surfaces, show_carm, show_frustum
from xray3d.mrml.frustum import FRUSTUM_ROLE, IMAGE_ROLE
from xray3d.mrml.rays import show_rays
from xray3d.mrml.transforms import world_matrix
from xray3d.mrml.xrays import projection_from_node, xray_to_node


def world_points(model):
    points = slicer.util.arrayFromModelPoints(model).astype(float)
    to_world = world_matrix(model)
    return points @ to_world[:3, :3].T + to_world[:3, 3]


def assert_on_detector(image, projection):
    points = world_points(image)
    rows, cols = projection.size_px
    edges = [[-0.5, -0.5], [cols - 0.5, -0.5], [-0.5, rows - 0.5], [cols - 0.5, rows - 0.5]]
    np.testing.assert_allclose(projection.project(points), edges, atol=1e-3)
    depth = (points - projection.source_ras) @ projection.viewing_direction_ras
    np.testing.assert_allclose(depth, projection.sdd_mm, atol=1e-3)


def test_the_image_and_its_frustum(scene):
    projection = view(30, 15)
    node = xray_to_node(xray(projection))
    image, frustum = show_frustum(node)
    assert_on_detector(image, projection)
    nearest = np.linalg.norm(world_points(frustum) - projection.source_ras, axis=1).min()
    assert nearest < 2, "the frustum's apex is the source"
    texture = image.GetDisplayNode().GetTextureImageDataConnection()
    assert texture is not None
    assert texture.GetProducer() is node.GetDisplayNode().GetImageDataConnection().GetProducer()


def test_both_follow_the_xray(scene):
    node = xray_to_node(xray(view()))
    shown = show_frustum(node)
    count = scene.GetNumberOfNodes()
    xray_to_node(xray(view(80, 0, (30, 20))), node)
    assert show_frustum(node) == shown
    assert scene.GetNumberOfNodes() == count
    assert_on_detector(shown[0], view(80, 0, (30, 20)))

    matrix = rigid((10, 20, 30), (50, 60, 70))
    under(node, matrix)
    show_frustum(node)
    assert_on_detector(shown[0], view(80, 0, (30, 20)).moved(matrix))
    node.GetParentTransformNode().SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(rigid((5, 0, 0))))
    assert_on_detector(shown[0], projection_from_node(node))
    assert same_geometry(projection_from_node(node), view(80, 0, (30, 20)).moved(rigid((5, 0, 0))))


def test_models_that_were_deleted_are_made_again(scene):
    node = xray_to_node(xray(view()))
    for model in show_frustum(node):
        scene.RemoveNode(model)
    image, frustum = show_frustum(node)
    assert node.GetNodeReference(IMAGE_ROLE) is image
    assert node.GetNodeReference(FRUSTUM_ROLE) is frustum


def test_rays_run_from_the_source_through_the_point(scene):
    projection = view(20, 10)
    node = xray_to_node(xray(projection))
    point = np.array([20.0, -15.0, 30.0])
    model = show_rays(node, [point])
    points = world_points(model) - projection.source_ras
    along = (point - projection.source_ras) / np.linalg.norm(point - projection.source_ras)
    assert np.linalg.norm(points - np.outer(points @ along, along), axis=1).max() < 2
    assert (points @ projection.viewing_direction_ras).max() == pytest.approx(projection.sdd_mm, abs=1)
    assert show_rays(node, [point, -point], model) is model
    with pytest.raises(GeometryError, match="behind the source"):
        show_rays(node, [projection.source_ras - 10 * projection.viewing_direction_ras])


def test_the_c_arm_leaves_room_for_the_patient(scene):
    isocenter = np.array([3.0, 4.0, 5.0])
    projection = view(25, -15)
    node = show_carm(projection, isocenter)
    points = world_points(node)
    distances = np.linalg.norm(points - isocenter, axis=1)
    assert np.linalg.norm(points - projection.source_ras, axis=1).min() < 31
    ray = np.linalg.norm(np.cross(points - projection.source_ras, projection.viewing_direction_ras), axis=1)
    beside = (ray > 10) & (distances > 7)
    assert beside.sum() > 500
    assert distances[beside].min() > 200, "all but the central ray and the mark of the isocentre"
    moved = view(-60, 0)
    assert show_carm(moved, isocenter, node) is node
    assert np.linalg.norm(world_points(node) - moved.source_ras, axis=1).min() < 31
    assert carm_surfaces(moved, isocenter).GetNumberOfPoints() == len(points)
