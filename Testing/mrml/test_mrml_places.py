"""Where vertebrae are, from the nodes that say so."""

import numpy as np
import pytest
import slicer
import slicer.util

from mrml_support import rigid, under, view, warped, xray
from xray3d.errors import GeometryError
from xray3d.mrml.places import places_from_node
from xray3d.mrml.volumes import ijk_to_world
from xray3d.mrml.xrays import projection_from_node, xray_to_node
from xray3d.reconstruction.region import frame_of, frame_of_box

TURNED = rigid((20, 5, -10), (12.0, -20.0, 30.0))


def points(scene, *named):
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Middles")
    for name, place in named:
        node.AddControlPoint(place, name)
    return node


def box(scene, frame=TURNED, name="L4"):
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", name)
    node.SetAndObserveObjectToNodeMatrix(slicer.util.vtkMatrixFromArray(frame))
    node.SetSize(100, 120, 60)
    return node


def test_every_point_is_the_middle_of_a_body(scene):
    node = points(scene, ("L2", [1, 2, 30]), ("L3", [1, 2, 3]))
    places = places_from_node(node)
    assert [place.name for place in places] == ["L2", "L3"]
    np.testing.assert_allclose(places[1].frame_to_ras, frame_of([1, 2, 3]))


def test_points_follow_their_transforms(scene):
    node = points(scene, ("L3", [1, 2, 3]))
    first, second = rigid((0, 0, 90), (5, 0, 0)), rigid((30, 0, 0), (0, 7, 0))
    under(node, first, second)
    (place,) = places_from_node(node)
    np.testing.assert_allclose(place.frame_to_ras[:3, 3], (second @ first @ [1, 2, 3, 1])[:3], atol=1e-9)
    np.testing.assert_array_equal(place.frame_to_ras[:3, :3], np.eye(3))


def test_points_that_were_not_placed_do_not_count(scene):
    node = points(scene, ("L2", [1, 2, 30]), ("L3", [1, 2, 3]))
    node.UnsetNthControlPointPosition(0)
    assert [place.name for place in places_from_node(node)] == ["L3"]


def test_a_box_is_about_a_vertebra_as_it_is_turned(scene):
    node = box(scene)
    (place,) = places_from_node(node)
    assert place.name == "L4"
    np.testing.assert_allclose(place.frame_to_ras, frame_of_box(TURNED), atol=1e-9)
    motion = rigid((0, 40, 10), (9, 8, 7))
    under(node, motion)
    (moved,) = places_from_node(node)
    np.testing.assert_allclose(moved.frame_to_ras, motion @ place.frame_to_ras, atol=1e-9)


def test_a_box_along_the_axes_is_what_the_library_takes_for_one(scene):
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "L1")
    node.SetCenter(5, 6, 7)
    node.SetSize(80, 90, 50)
    expected = frame_of([[-35, -39, -18], [45, 51, 32]])
    np.testing.assert_allclose(places_from_node(node)[0].frame_to_ras, expected)


@pytest.mark.parametrize("kind", ["vtkMRMLModelNode", "vtkMRMLMarkupsLineNode", None])
def test_other_nodes_are_no_places(scene, kind):
    node = None if kind is None else scene.AddNewNodeByClass(kind, "Other")
    words = "No places are chosen" if kind is None else "Other is a"
    with pytest.raises(
        GeometryError,
        match=f"{words}.*; choose a point list with each vertebral body marked on two X-rays or with a point",
    ):
        places_from_node(node)


def test_unusable_points(scene):
    for named, words in [
        ([], "Middles has no points yet"),
        ([("L3", [0, 0, 0]), ("L3", [0, 0, 40])], "Middles has more than one place for L3; name each by its own level"),
        ([(" ", [0, 0, 0])], "Middles has a point without a name"),
    ]:
        with pytest.raises(GeometryError, match=words):
            places_from_node(points(scene, *named))


@pytest.fixture
def xrays(scene):
    """A frontal, a lateral and an oblique X-ray, each of which was moved."""
    nodes = [xray_to_node(xray(view(*angles)), name=name) for name, *angles in (("AP", 0), ("LAT", 90), ("LAO", 45))]
    for number, node in enumerate(nodes):
        under(node, rigid((3 * number, 0, 5), (4, -2, number)))
    return nodes


def marked(node, point):
    """Where in the world the voxels of an X-ray are that show a point."""
    column, row = projection_from_node(node).project(point)
    return (ijk_to_world(node) @ [column, row, 0, 1])[:3]


def projections_of(nodes):
    return [projection_from_node(node) for node in nodes]


L3, L2 = np.array([10.0, -12.0, 5.0]), np.array([7.0, -9.0, 40.0])


def test_marks_on_two_x_rays_are_one_vertebra_where_both_show_it(scene, xrays):
    frontal, lateral, oblique = xrays
    node = points(
        scene,
        ("L3", marked(frontal, L3)),
        ("L2", marked(frontal, L2)),
        ("L1", [6.0, -8, 70]),
        ("L2", marked(oblique, L2)),
        ("L3", marked(lateral, L3)),
        ("L3", marked(oblique, L3)),
    )
    places = places_from_node(node, projections_of(xrays))
    assert [place.name for place in places] == ["L3", "L2", "L1"]
    for place, middle in zip(places, (L3, L2, [6.0, -8, 70]), strict=True):
        np.testing.assert_allclose(place.frame_to_ras, frame_of(middle), atol=1e-4)


def test_marks_move_with_their_x_rays(scene, xrays):
    """One transform above an X-ray and its marks does not part them."""
    motion = rigid((0, 30, 10), (9, 8, 7))
    node = points(scene, *[("L3", marked(xray_node, L3)) for xray_node in xrays[:2]])
    under(node, motion)
    for xray_node in xrays:
        under(xray_node.GetParentTransformNode(), motion)
    (place,) = places_from_node(node, projections_of(xrays))
    np.testing.assert_allclose(place.frame_to_ras[:3, 3], (motion @ [*L3, 1])[:3], atol=1e-4)


def test_marks_that_tell_no_place(scene, xrays):
    frontal, lateral, oblique = xrays
    twice = [("L3", marked(frontal, L3)), ("L3", marked(lateral, L3)), ("L3", marked(frontal, L3 + [0, 0, 8]))]
    for chosen, named, words in [
        (xrays, [("L3", marked(frontal, L3))], "Middles marks L3 on one of the chosen X-rays only"),
        ([frontal], [("L3", marked(frontal, L3))], "L3 on one of the chosen X-rays only, .* depth; two must show it"),
        ([frontal], twice[:2], "Middles marks L3 on one of the chosen X-rays only"),
        (xrays, twice, "Middles marks L3 twice on the same X-ray"),
        (xrays, [("L3", marked(frontal, L3)), ("L3", marked(lateral, L2))], "L3 of Middles: The rays .* miss"),
        (xrays, [*twice[:2], ("L3", L3)], "Middles has more than one place for L3; .* choose the X-rays"),
        ([oblique], twice[:2], "Middles has more than one place for L3; .* choose the X-rays"),
        (xrays, [(" ", marked(frontal, L3))], "Middles has a point without a name"),
    ]:
        with pytest.raises(GeometryError, match=words):
            places_from_node(points(scene, *named), projections_of(chosen))


def test_unusable_boxes(scene):
    with pytest.raises(GeometryError, match="Empty is no box yet"):
        places_from_node(scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Empty"))
    node = box(scene)
    under(node, np.diag([1.0, 1, 2, 1]))
    with pytest.raises(GeometryError, match="L4 is under transforms that scale"):
        places_from_node(node)


def test_transforms_that_are_not_linear(scene):
    for node in (points(scene, ("L3", [1, 2, 3])), box(scene)):
        warped(node)
        with pytest.raises(GeometryError, match=f"{node.GetName()} is under a transform that is not linear"):
            places_from_node(node)


def test_which_x_rays_see_a_place(scene):
    (place,) = places_from_node(points(scene, ("L3", [10, 10, 10])))
    assert place.is_seen_by(view())
    assert not place.is_seen_by(view(size_px=(4, 4)))
    (behind,) = places_from_node(points(scene, ("L3", view().source_ras - 10 * view().viewing_direction_ras)))
    assert not behind.is_seen_by(view())
