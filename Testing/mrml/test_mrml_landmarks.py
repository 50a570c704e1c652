"""Landmarks in the CT and on X-rays, paired."""

import numpy as np
import pytest
import slicer

from mrml_support import rigid, under, view, xray
from xray3d.errors import GeometryError
from xray3d.mrml.landmarks import landmark_pairs
from xray3d.mrml.xrays import projection_from_node, xray_to_node

POINTS = np.array([[10.0, 0, 20], [-15, 8, -5], [3, -12, 9]])
NAMES = ("L3 left", "L3 right", "L4 spinous")


def add_points(name, points, labels):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
    for point, label in zip(points, labels, strict=True):
        node.AddControlPointWorld(*point, label)
    return node


def on_detector(xray_node, points):
    """Where the points' rays meet the detector."""
    projection = projection_from_node(xray_node)
    return projection.unproject(projection.project(points), np.full(len(points), projection.sdd_mm))


@pytest.fixture
def xray_node(scene):
    node = xray_to_node(xray(view(30, -10)), name="AP")
    under(node, rigid((5, 0, 20), (10, 0, -4)))
    return node


def test_paired_by_name(xray_node):
    order = [2, 0]
    ct = add_points("CT points", POINTS, NAMES)
    seen = add_points("AP points", on_detector(xray_node, POINTS[order]), [NAMES[n] for n in order])
    pairs = landmark_pairs(ct, [seen], [xray_node])
    assert pairs.names == NAMES
    np.testing.assert_allclose(pairs.points_ras, POINTS)
    expected = projection_from_node(xray_node).project(POINTS)
    np.testing.assert_allclose(pairs.pixels[0][order], expected[order], atol=1e-6)
    assert np.isnan(pairs.pixels[0][1]).all()


def test_paired_by_order_where_names_differ(xray_node):
    ct = add_points("CT points", POINTS, NAMES)
    seen = add_points("AP points", on_detector(xray_node, POINTS), ["1", "2", "3"])
    pairs = landmark_pairs(ct, [None, seen], [xray_node, xray_node])
    assert np.isnan(pairs.pixels[0]).all()
    np.testing.assert_allclose(pairs.pixels[1], projection_from_node(xray_node).project(POINTS), atol=1e-6)


def test_points_follow_their_transforms(xray_node):
    ct = add_points("CT points", POINTS, NAMES)
    motion = rigid((0, 30, 0), (5, 5, 5))
    under(ct, motion)
    pairs = landmark_pairs(ct, [add_points("AP points", POINTS, NAMES)], [xray_node])
    np.testing.assert_allclose(pairs.points_ras, POINTS @ motion[:3, :3].T + motion[:3, 3])


def test_points_that_were_not_placed_do_not_count(xray_node):
    ct = add_points("CT points", POINTS, NAMES)
    ct.UnsetNthControlPointPosition(1)
    pairs = landmark_pairs(ct, [add_points("AP points", POINTS[:2], ["a", "b"])], [xray_node])
    assert pairs.names == ("L3 left", "L4 spinous")


@pytest.mark.parametrize(
    ("count", "labels", "words"),
    [
        (0, [], "AP points has no points yet"),
        (2, ["a", "b"], "CT points has 3 points and AP points has 2"),
        (2, ["L3 left", "b"], "AP points has the point b, but CT points has not"),
    ],
)
def test_lists_that_do_not_fit(xray_node, count, labels, words):
    ct = add_points("CT points", POINTS, NAMES)
    with pytest.raises(GeometryError, match=words):
        landmark_pairs(ct, [add_points("AP points", POINTS[:count], labels)], [xray_node])


def test_lists_that_are_missing(xray_node):
    ct = add_points("CT points", POINTS, NAMES)
    with pytest.raises(GeometryError, match="landmarks in the CT"):
        landmark_pairs(None, [ct], [xray_node])
    with pytest.raises(GeometryError, match="at least one X-ray"):
        landmark_pairs(ct, [None], [xray_node])
