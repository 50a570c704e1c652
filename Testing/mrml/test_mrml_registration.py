"""X-rays under the transforms of their registration, and back."""

import numpy as np
import pytest
import slicer
import slicer.util

from mrml_support import rigid, same_geometry, under, view, warped, xray
from xray3d.errors import GeometryError
from xray3d.mrml.frustum import FRUSTUM_ROLE, IMAGE_ROLE, show_frustum
from xray3d.mrml.registration import (
    REGISTRATION_ATTRIBUTE,
    START_ATTRIBUTE,
    Motion,
    move_rigidly,
    projection_at_start,
    registration_of,
)
from xray3d.mrml.transforms import add_transform, world_matrix
from xray3d.mrml.xrays import projection_from_node, xray_to_node

MOTION = rigid((4, -7, 12), (15, -3, 8))
SECOND = rigid((-2, 1, 3), (-4, 6, 2))
TABLE = rigid((0, 90, 20), (100, 50, -20))


def add_xray(name, primary_deg=0.0):
    return xray_to_node(xray(view(primary_deg)), name=name)


def state(scene):
    """Every node with its parent, its matrix and its attributes."""
    nodes = [scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes())]
    found = {}
    for node in nodes:
        transformable = node.IsA("vtkMRMLTransformableNode")
        matrix = None
        if node.IsA("vtkMRMLLinearTransformNode"):
            matrix = slicer.util.arrayFromTransformMatrix(node).tolist()
        attributes = {name: node.GetAttribute(name) for name in node.GetAttributeNames()}
        found[node.GetID()] = (transformable and node.GetTransformNodeID(), matrix, attributes)
    return found


def test_an_xray_and_its_source_are_moved(scene):
    node = add_xray("AP")
    before = projection_from_node(node)
    change = move_rigidly([Motion(node, MOTION)], "Registration of AP", '{"verdict": "accepted"}')
    assert same_geometry(projection_from_node(node), before.moved(MOTION))
    (transform,) = change.transforms
    assert transform.GetName() == "Registration of AP"
    assert transform.GetAttribute(REGISTRATION_ATTRIBUTE) == '{"verdict": "accepted"}'
    np.testing.assert_allclose(slicer.util.arrayFromTransformMatrix(transform), MOTION)
    assert registration_of(node) is transform
    assert same_geometry(projection_at_start(node), before)


def test_above_the_xray_and_below_what_was_above_it(scene):
    node, other = add_xray("AP"), add_xray("Not registered")
    under(node, SECOND, TABLE)
    other.SetAndObserveTransformNodeID(node.GetTransformNodeID())
    before, still = projection_from_node(node), projection_from_node(other)
    inner = node.GetParentTransformNode()
    change = move_rigidly([Motion(node, MOTION)], "Registration")
    assert same_geometry(projection_from_node(node), before.moved(MOTION))
    assert same_geometry(projection_from_node(other), still)
    assert change.transforms[0].GetParentTransformNode() is inner
    assert same_geometry(projection_at_start(node), before)


def test_xrays_share_a_transform_where_one_fits(scene):
    first, second, third = add_xray("AP"), add_xray("Lateral", 90), add_xray("Oblique", 40)
    under(third, TABLE)
    before = [projection_from_node(node) for node in (first, second, third)]
    change = move_rigidly([Motion(node, MOTION) for node in (first, second, third)], "Registration")
    assert len(change.transforms) == 2
    assert first.GetTransformNodeID() == second.GetTransformNodeID() != third.GetTransformNodeID()
    for node, projection in zip((first, second, third), before, strict=True):
        assert same_geometry(projection_from_node(node), projection.moved(MOTION))


def test_each_has_its_own_where_they_move_apart(scene):
    first, second = add_xray("AP"), add_xray("Lateral", 90)
    change = move_rigidly([Motion(first, MOTION), Motion(second, SECOND @ MOTION)], "Registration")
    assert len(change.transforms) == 2
    again = move_rigidly([Motion(first, SECOND), Motion(second, SECOND)], "Registration")
    assert again.transforms == change.transforms


def test_the_next_registration_updates_the_transform(scene):
    node = add_xray("AP")
    under(node, TABLE)
    before = projection_from_node(node)
    first = move_rigidly([Motion(node, MOTION)], "Registration")
    count = scene.GetNumberOfNodes()
    second = move_rigidly([Motion(node, SECOND)], "Registration")
    assert second.transforms == first.transforms
    assert scene.GetNumberOfNodes() == count
    assert same_geometry(projection_from_node(node), before.moved(SECOND @ MOTION))
    assert same_geometry(projection_at_start(node), before.moved(MOTION))


def test_an_xray_that_is_not_registered_again_stays(scene):
    first, second = add_xray("AP"), add_xray("Lateral", 90)
    move_rigidly([Motion(first, MOTION), Motion(second, MOTION)], "Registration")
    stays, moves = projection_from_node(second), projection_from_node(first)
    move_rigidly([Motion(first, SECOND)], "Registration")
    assert same_geometry(projection_from_node(second), stays)
    assert same_geometry(projection_from_node(first), moves.moved(SECOND))


@pytest.mark.parametrize("times", [1, 2])
def test_undo_leaves_the_scene_as_it_was(scene, times):
    first, second = add_xray("AP"), add_xray("Lateral", 90)
    show_frustum(first)
    under(second, TABLE)
    if times == 2:
        move_rigidly([Motion(first, SECOND)], "Earlier")
    before = state(scene)
    change = move_rigidly([Motion(first, MOTION), Motion(second, MOTION)], "Registration")
    assert state(scene) != before
    change.undo()
    assert state(scene) == before


def test_undo_passes_over_what_was_deleted(scene):
    first, second = add_xray("AP"), add_xray("Lateral", 90)
    before = projection_from_node(second)
    change = move_rigidly([Motion(first, MOTION), Motion(second, MOTION)], "Registration")
    scene.RemoveNode(first)
    scene.RemoveNode(change.transforms[0])
    change.undo()
    assert same_geometry(projection_from_node(second), before)


def test_undo_takes_along_what_was_put_under_the_transform_since(scene):
    node, others = add_xray("AP"), add_xray("The user's", 90)
    under(node, TABLE)
    table = node.GetParentTransformNode()
    (transform,) = (change := move_rigidly([Motion(node, MOTION)], "Registration")).transforms
    others.SetAndObserveTransformNodeID(transform.GetID())
    change.undo()
    assert not scene.IsNodePresent(transform)
    assert others.GetParentTransformNode() is table


def test_a_node_that_goes_with_two_xrays_can_follow_only_when_they_stay_together(scene):
    first, second, mask = add_xray("AP"), add_xray("Lateral", 90), add_xray("Both masks", 45)
    before = state(scene)
    apart = [Motion(first, MOTION), Motion(second, SECOND), Motion(mask, MOTION), Motion(mask, SECOND)]
    with pytest.raises(GeometryError, match="Both masks goes with two X-rays that move apart"):
        move_rigidly(apart, "Registration")
    assert state(scene) == before
    together = [Motion(node, MOTION) for node in (first, second, mask, mask)]
    (transform,) = move_rigidly(together, "Registration").transforms
    assert mask.GetParentTransformNode() is transform


class TestByHand:
    def test_is_no_start_of_a_registration(self, scene):
        node = add_xray("AP")
        before = projection_from_node(node)
        move_rigidly([Motion(node, MOTION)], "By hand", by_hand=True)
        assert same_geometry(projection_from_node(node), before.moved(MOTION))
        assert projection_at_start(node) is None

    def test_keeps_the_start_of_the_last_registration(self, scene):
        node, other = add_xray("AP"), add_xray("Lateral", 90)
        under(node, TABLE)
        before = projection_from_node(node)
        move_rigidly([Motion(node, MOTION), Motion(other, MOTION)], "Registration")
        move_rigidly([Motion(node, SECOND)], "By hand", by_hand=True)
        assert same_geometry(projection_at_start(node), before)

    def test_forgets_the_start_of_a_registration_that_is_gone(self, scene):
        node = add_xray("AP")
        (transform,) = move_rigidly([Motion(node, MOTION)], "Registration").transforms
        scene.RemoveNode(transform)
        move_rigidly([Motion(node, SECOND)], "By hand", by_hand=True)
        assert projection_at_start(node) is None


def test_what_shows_the_xray_in_3d_goes_along(scene):
    node = add_xray("AP")
    show_frustum(node)
    move_rigidly([Motion(node, MOTION)], "Registration")
    for role in (IMAGE_ROLE, FRUSTUM_ROLE):
        np.testing.assert_allclose(world_matrix(node.GetNodeReference(role)), MOTION)


def test_landmarks_go_along(scene):
    node = add_xray("AP")
    points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "On AP")
    points.AddControlPointWorld(1, 2, 3)
    move_rigidly([Motion(node, MOTION), Motion(points, MOTION)], "Registration")
    moved = slicer.util.arrayFromMarkupsControlPoints(points, world=True)[0]
    np.testing.assert_allclose(moved, (MOTION @ [1, 2, 3, 1])[:3])
    assert points.GetAttribute(START_ATTRIBUTE) is None


def test_without_a_registration_there_is_no_start(scene):
    node = add_xray("AP")
    under(node, TABLE)
    assert projection_at_start(node) is None


@pytest.mark.parametrize("wrong", ["scaled", "warped"])
def test_refusals_change_nothing(scene, wrong):
    node, other = add_xray("AP"), add_xray("Lateral", 90)
    matrix = np.diag([2.0, 2, 2, 1]) if wrong == "scaled" else MOTION
    if wrong == "warped":
        warped(other)
    before = state(scene)
    with pytest.raises(GeometryError, match="Lateral"):
        move_rigidly([Motion(node, MOTION), Motion(other, matrix)], "Registration")
    assert state(scene) == before


def test_the_start_is_forgotten_with_the_transform(scene):
    node = add_xray("AP")
    change = move_rigidly([Motion(node, MOTION)], "Registration")
    scene.RemoveNode(change.transforms[0])
    assert projection_at_start(node) is None
    # Nodes that are not transforms of ours above an X-ray are nobody's registration.
    node.SetAndObserveTransformNodeID(add_transform(TABLE, "Table").GetID())
    assert registration_of(node) is None
