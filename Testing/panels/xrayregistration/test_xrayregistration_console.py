"""`XRayRegistrationLogic` without its panel, with the library's own registrar: end to end."""

import numpy as np
import pytest
import slicer
from xrayregistration_support import (
    MOVED,
    SIZE,
    add_ct,
    add_mask,
    add_points,
    add_xray,
    choose,
    off,
    open_widget,
    register,
    scene_state,
    small_ct,
    true_view,
)

import standin
from panel_support import settle
from xray3d.errors import GeometryError, VolumeError
from xray3d.mrml.segmentations import add_segmentation
from xray3d.mrml.transforms import add_transform
from xray3d.mrml.xrays import projection_from_node


def target_error_mm(node, number=0):
    """How far the registration misplaces points of the anatomy, at most, mm."""
    true, found = true_view(number), projection_from_node(node)
    corners = small_ct().to_ras(np.array([[i, j, k] for i in (8, 30) for j in (8, 24) for k in (8, 28)]))
    homogeneous = np.column_stack([corners, np.ones(len(corners))])
    moved = homogeneous @ (np.linalg.inv(true.extrinsic) @ found.extrinsic).T
    return np.linalg.norm((moved - homogeneous)[:, :3], axis=1).max()


def test_two_xrays_come_back_to_the_ct(logic):
    nodes = [add_xray(number, moved=off(*MOVED)) for number in (0, 1)]
    before = scene_state()
    ct = add_ct()
    assert target_error_mm(nodes[0]) > 5
    found = logic.register(ct, nodes)
    assert found.result.verdict == "accepted"
    for number, node in enumerate(nodes):
        assert target_error_mm(node, number) < 0.5
        assert node.GetParentTransformNode() is found.transform
    np.testing.assert_allclose(
        slicer.util.arrayFromTransformMatrix(found.transform), found.result.transform_ras, atol=1e-9
    )
    found.undo()
    slicer.mrmlScene.RemoveNode(ct)
    assert scene_state() == before
    assert found.transform is None


def test_under_parents_and_from_a_moved_ct(logic):
    table = off((30, -20, 10), (0, 0, 40))
    ct, node = add_ct(), add_xray(1, moved=off(*MOVED))
    transform = add_transform(table, "Table")
    for each in (ct, node):
        each.SetAndObserveTransformNodeID(transform.GetID())
    logic.register(ct, [node, add_xray(0, moved=table @ off(*MOVED))])
    registration = node.GetParentTransformNode()
    assert registration.GetParentTransformNode() is transform
    registration.SetAndObserveTransformNodeID(None)  # off the table, where CT and true view are
    assert target_error_mm(node, 1) < 0.5


def test_from_landmarks(logic):
    far = off((120, -60, 90), (0, 0, 5))
    nodes = [add_xray(number, moved=far) for number in (0, 1)]
    points = np.array([[5.0, 10, 20], [40, -10, 50], [-20, 30, 0], [20, 40, 60], [0, -20, -10]])
    lists = []
    for number in (0, 1):
        view = true_view(number)
        on_detector = view.moved(far).unproject(view.project(points), np.full(len(points), view.sdd_mm))
        lists.append(add_points(f"On X-ray {number + 1}", on_detector, list("abcde")))
    ct_points = add_points("In CT", points, list("abcde"))
    logic.register(add_ct(), nodes, start="landmarks", ctLandmarks=ct_points, landmarks=lists)
    assert max(target_error_mm(node, number) for number, node in enumerate(nodes)) < 0.5
    assert lists[0].GetTransformNodeID() == nodes[0].GetTransformNodeID()


def test_a_mask_hides_what_the_ct_does_not_have(logic):
    node = add_xray(0, moved=off((4, 0, 3)))
    pixels = slicer.util.arrayFromVolume(node)
    pixels[0, 20:30, 30:34] += 40.0  # metal
    slicer.util.arrayFromVolumeModified(node)
    covered = np.zeros(SIZE, bool)
    covered[19:31, 29:35] = True
    second = add_xray(1, moved=off((4, 0, 3)))
    logic.register(add_ct(), [node, second], masks=[add_mask(node, covered), None])
    assert target_error_mm(node) < 0.5


def test_a_region_is_registered_on(logic):
    ct = add_ct()
    segmentation = add_segmentation(small_ct().hu > 500, ct, {1: "bones"})
    region = (segmentation, segmentation.GetSegmentation().GetNthSegmentID(0))
    nodes = [add_xray(number, moved=off(*MOVED)) for number in (0, 1)]
    assert target_error_mm(nodes[0]) > 8
    found = logic.register(ct, nodes, region=region, device="cpu")
    assert found.result.verdict != "failed"
    assert max(target_error_mm(node, number) for number, node in enumerate(nodes)) < 3


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"start": "guess"}, GeometryError, "guess"),
        ({"start": "landmarks"}, GeometryError, "landmarks in the CT"),
        ({"masks": [None, None]}, VolumeError, "1 X-rays but 2 masks"),
        ({"relativeError": (1.0, 0.0)}, GeometryError, "must be a positive number"),
    ],
)
def test_wrong_arguments_are_one_sentence_and_change_nothing(logic, wrong, error, words):
    ct, node = add_ct(), add_xray()
    before = scene_state()
    with pytest.raises(error, match=words):
        logic.register(ct, [node], **wrong)
    assert scene_state() == before


def test_wrong_nodes(logic):
    ct, node = add_ct(), add_xray()
    for arguments, words in [
        ((None, [node]), "No CT is chosen"),
        ((ct, []), "No X-ray is chosen"),
        ((ct, [None]), "No X-ray is chosen"),
        ((ct, [node, node]), "chosen twice"),
        ((ct, [node] * 5), "too many"),
    ]:
        with pytest.raises(VolumeError, match=words):
            logic.register(*arguments)


def test_the_panel_registers_with_the_librarys_registrar():
    widget = open_widget()
    nodes = [add_xray(number, moved=off(*MOVED)) for number in (0, 1)]
    choose(widget, add_ct(), nodes)
    register(widget)
    assert "Accepted" in widget.ui.verdictLabel.text
    assert max(target_error_mm(node, number) for number, node in enumerate(nodes)) < 0.5
    settle(widget)


def test_the_modules_own_test_passes():
    standin.make_module("XRayRegistration")
    slicer.selfTests["XRayRegistration"](msec=1)
