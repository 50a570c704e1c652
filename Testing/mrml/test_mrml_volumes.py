"""CT volumes and label maps from volume nodes."""

import numpy as np
import pytest
import slicer
import slicer.util
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from mrml_support import rigid, small_ct, under, view, warped, xray
from xray3d import CTVolume, DRRRenderer
from xray3d.errors import GeometryError, VolumeError
from xray3d.mrml.standalone import standalone_scene
from xray3d.mrml.volumes import ct_from_node, ct_to_node, labels_from_node
from xray3d.mrml.xrays import projection_from_node, xray_to_node


@st.composite
def rigid_transforms(draw):
    rotation = draw(arrays(float, 3, elements=st.floats(-3, 3)))
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(rotation).as_matrix()
    matrix[:3, 3] = draw(arrays(float, 3, elements=st.floats(-500, 500)))
    return matrix


def stored_otherwise(ct, axes, flipped):
    """The same voxels at the same places, in another order of axes and running the other way along some."""
    to_ras = ct.ijk_to_ras.copy()
    hu = np.transpose(ct.hu, axes)
    # Array axes are k, j, i; columns of the matrix i, j, k.
    to_ras[:, :3] = to_ras[:, [2 - axis for axis in axes][::-1]]
    for axis, flip in enumerate(flipped):
        if flip:
            hu = np.flip(hu, axis)
            to_ras[:3, 3] += to_ras[:3, 2 - axis] * (hu.shape[axis] - 1)
            to_ras[:3, 2 - axis] *= -1
    return CTVolume(hu, to_ras, ct.name)


@settings(max_examples=40)
@given(
    inner=rigid_transforms(),
    outer=rigid_transforms(),
    axes=st.permutations([0, 1, 2]),
    flipped=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    primary_deg=st.floats(-180, 180),
    secondary_deg=st.floats(-90, 90),
)
def test_transforms_and_storage_change_no_image(inner, outer, axes, flipped, primary_deg, secondary_deg):
    ct, seen = small_ct(), view(primary_deg, secondary_deg)
    expected = DRRRenderer(ct).render(seen)
    with standalone_scene():
        ct_node = ct_to_node(stored_otherwise(ct, axes, flipped), "CT")
        xray_node = xray_to_node(xray(seen))
        under(ct_node, inner, outer)
        under(xray_node, inner, outer)
        found = DRRRenderer(ct_from_node(ct_node)).render(projection_from_node(xray_node))
    assert expected.max() > 0.5
    # The renderer works in float32, and rays along a voxel's face fall on one side or the other of it.
    difference = np.abs(found - expected) / expected.max()
    assert np.mean(difference > 1e-3) < 0.01


def test_a_hand_placed_voxel_is_where_slicer_says(scene):
    ct = small_ct()
    node = ct_to_node(ct, "CT")
    under(node, rigid((10, 20, 30), (5, -6, 7)), np.diag([1.5, -1.0, 1.0, 1.0]))
    bounds = np.zeros(6)
    node.GetRASBounds(bounds)
    read = ct_from_node(node)
    ends = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * read.size_ijk - 0.5
    corners = read.to_ras(ends)
    np.testing.assert_allclose(bounds[::2], corners.min(axis=0), atol=1e-6)
    np.testing.assert_allclose(bounds[1::2], corners.max(axis=0), atol=1e-6)


def test_reading_changes_no_node(scene):
    node = ct_to_node(small_ct(), "CT")
    under(node, rigid((10, 20, 30)))
    before = slicer.util.arrayFromVolume(node).copy()
    times = [scene.GetNthNode(i).GetMTime() for i in range(scene.GetNumberOfNodes())]
    read = ct_from_node(node)
    read.hu[:] = 5
    assert times == [scene.GetNthNode(i).GetMTime() for i in range(scene.GetNumberOfNodes())]
    assert np.array_equal(before, slicer.util.arrayFromVolume(node))


@pytest.mark.parametrize("offset", [0.0, 0.25])
def test_ct_to_node_keeps_every_value(scene, offset):
    ct = small_ct()
    ct = CTVolume(ct.hu + np.float32(offset), ct.ijk_to_ras)
    node = ct_to_node(ct, "CT")
    assert np.array_equal(ct_from_node(node).hu, ct.hu)
    assert (slicer.util.arrayFromVolume(node).dtype == np.int16) == (offset == 0)


def test_masked_ct_gets_air_with_a_warning(scene):
    ct = small_ct()
    rest = np.random.default_rng(0).normal(-20, 40, ct.hu.shape)
    masked = np.where(ct.hu == 700, 700, np.where(np.indices(ct.hu.shape)[0] < 4, rest, 0))
    node = ct_to_node(CTVolume(masked.astype(np.float32), ct.ijk_to_ras), "masked")
    with pytest.warns(UserWarning, match="masked is masked"):
        assert ct_from_node(node).hu.min() == -1000


def empty_volume():
    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty")


def colour_volume():
    return slicer.util.addVolumeFromArray(np.zeros((4, 5, 6, 3)), None, "photo", "vtkMRMLVectorVolumeNode")


def label_map():
    return slicer.util.addVolumeFromArray(np.zeros((4, 5, 6), np.uint8), None, "labels", "vtkMRMLLabelMapVolumeNode")


def model():
    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", "screw")


def sequence():
    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "4D")


def picture():
    grey = np.random.default_rng(0).integers(0, 255, (9, 9, 9)).astype(np.uint8)
    return slicer.util.addVolumeFromArray(grey, None, "MR")


def with_hole():
    voxels = np.zeros((4, 5, 6))
    voxels[1, 2, 3] = np.nan
    return slicer.util.addVolumeFromArray(voxels, None, "holed")


def an_xray():
    return xray_to_node(xray(view()), name="shot")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: None, "No CT is chosen"),
        (empty_volume, "empty is empty"),
        (colour_volume, "photo has 3 values per voxel"),
        (label_map, "labels is a label map"),
        (model, "screw is no volume but a Model"),
        (sequence, "4D is no volume but a Sequence"),
        (picture, "MR is not in Hounsfield units"),
        (with_hole, "holed has NaN"),
        (an_xray, "shot is an X-ray"),
    ],
)
def test_what_is_no_ct_is_refused_in_a_sentence(scene, make, sentence):
    with pytest.raises(VolumeError, match=sentence):
        ct_from_node(make())


def test_a_transform_that_is_not_linear_is_refused(scene):
    node = ct_to_node(small_ct(), "CT")
    warped(node)
    with pytest.raises(GeometryError, match="CT is under a transform that is not linear"):
        ct_from_node(node)


def test_label_maps(scene):
    node = label_map()
    slicer.util.arrayFromVolume(node)[1, 2, 3] = 7
    under(node, rigid((0, 0, 90), (1, 2, 3)))
    labels = labels_from_node(node)
    assert np.argwhere(labels.labels == 7).tolist() == [[1, 2, 3]]
    np.testing.assert_allclose(labels.to_ras([3, 2, 1]), [-2 + 1, 3 + 2, 1 + 3], atol=1e-12)
    with pytest.raises(VolumeError, match="No label map is chosen"):
        labels_from_node(None)
