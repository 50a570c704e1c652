"""X-rays as nodes: their geometry, in place and under transforms."""

from dataclasses import replace

import numpy as np
import pytest
import slicer.util
from hypothesis import given, settings
from hypothesis import strategies as st

from mrml_support import rigid, same_geometry, small_ct, under, view, warped, xray
from xray3d import Projection
from xray3d.errors import GeometryError, VolumeError
from xray3d.mrml.standalone import standalone_scene
from xray3d.mrml.volumes import ct_to_node
from xray3d.mrml.xrays import projection_from_node, xray_from_node, xray_to_node
from xray3d.volumes.xray_files import PRINCIPAL_POINT_ATTRIBUTE, SDD_ATTRIBUTE


@settings(max_examples=60)
@given(
    angles=st.tuples(st.floats(-180, 180), st.floats(-90, 90)),
    off_center=st.tuples(st.floats(-300, 300), st.floats(-300, 300)),
    skew=st.floats(-20, 20),
    pixel_mm=st.tuples(st.floats(0.1, 5), st.floats(0.1, 5)),
    moved=st.tuples(*[st.floats(-180, 180)] * 3, *[st.floats(-900, 900)] * 3),
)
def test_any_geometry_comes_back_also_under_a_transform(angles, off_center, skew, pixel_mm, moved):
    plain = view(*angles, pixel_mm=pixel_mm)
    intrinsic = plain.intrinsic.copy()
    intrinsic[:2, 2] += off_center
    intrinsic[0, 1] = skew
    projection = Projection(intrinsic, plain.extrinsic, plain.size_px, pixel_mm)
    transform = rigid(moved[:3], moved[3:])
    with standalone_scene():
        node = xray_to_node(xray(projection))
        assert same_geometry(projection_from_node(node), projection)
        under(node, transform)
        assert same_geometry(projection_from_node(node), projection.moved(transform))
        xray_to_node(xray(projection), node)
        assert same_geometry(projection_from_node(node), projection)


def test_update_in_place(scene):
    first = xray(view())
    node = xray_to_node(first, name="AP")
    node.GetDisplayNode().AutoWindowLevelOff()
    node.GetDisplayNode().SetWindowLevel(3, 2)
    count = scene.GetNumberOfNodes()
    second = replace(xray(view(30, -10, size_px=(20, 30)), seed=1), name="AP")
    assert xray_to_node(second, node) is node
    assert scene.GetNumberOfNodes() == count
    assert node.GetName() == "AP"
    assert node.GetDisplayNode().GetWindow() == 3
    read = xray_from_node(node)
    assert np.array_equal(read.pixels, second.pixels)
    assert same_geometry(read.projection, second.projection)
    assert read.name == "AP"


def test_the_image_stands_on_its_detector(scene):
    projection = view(35, 20)
    node = xray_to_node(xray(projection))
    bounds = np.zeros(6)
    node.GetRASBounds(bounds)
    detector = projection.unproject([[23.5, 19.5]], [projection.sdd_mm])[0]
    np.testing.assert_allclose((bounds[::2] + bounds[1::2]) / 2, detector, atol=1e-6)


def without(attribute):
    def change(node):
        node.RemoveAttribute(attribute)

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without(SDD_ATTRIBUTE), "shot has no X-ray geometry"),
        (without(PRINCIPAL_POINT_ATTRIBUTE), "shot has no X-ray geometry"),
        (lambda node: node.SetAttribute(SDD_ATTRIBUTE, "far"), "shot: its attributes"),
        (lambda node: node.SetAttribute(PRINCIPAL_POINT_ATTRIBUTE, "1 2 3"), "shot: its attributes"),
        (lambda node: node.SetAttribute(SDD_ATTRIBUTE, "-5"), "shot: The source to detector distance"),
        (lambda node: under(node, np.diag([2.0, 2.0, 2.0, 1.0])), "shot is under transforms that scale"),
        (lambda node: under(node, np.diag([-1.0, 1.0, 1.0, 1.0])), "shot is under transforms that scale"),
        (warped, "shot is under a transform that is not linear"),
        (lambda node: node.SetKToRASDirection(0, -1, 0), "shot: The placement of an X-ray must be right handed"),
    ],
)
def test_a_geometry_that_is_missing_or_wrong_is_named(scene, change, sentence):
    node = xray_to_node(xray(view()), name="shot")
    change(node)
    with pytest.raises(GeometryError, match=sentence):
        projection_from_node(node)


def test_what_is_no_xray_is_refused(scene):
    with pytest.raises(VolumeError, match="No X-ray is chosen"):
        projection_from_node(None)
    with pytest.raises(VolumeError, match="CT has 20 slices"):
        projection_from_node(ct_to_node(small_ct(), "CT"))
    node = xray_to_node(xray(view()), name="shot")
    slicer.util.arrayFromVolume(node)[0, 3, 4] = np.nan
    with pytest.raises(VolumeError, match="shot has NaN"):
        xray_from_node(node)


def test_an_xray_under_a_scaling_transform_is_not_updated(scene):
    node = xray_to_node(xray(view()), name="shot")
    under(node, np.diag([2.0, 2.0, 2.0, 1.0]))
    before = slicer.util.arrayFromVolume(node).copy()
    with pytest.raises(GeometryError, match="only a rigid transform"):
        xray_to_node(xray(view(), seed=3), node)
    assert np.array_equal(slicer.util.arrayFromVolume(node), before)
