"""What is made of an X-ray: the X-ray without implants, where they are, how sure that is."""

import numpy as np
import pytest
import slicer
import slicer.util

from mrml_support import rigid, same_geometry, under, view, xray
from xray3d.errors import VolumeError
from xray3d.mrml.inpainting import (
    CLEAN,
    DIFFERENCE,
    IMPLANTS,
    UNCERTAINTY,
    frames_of,
    is_output,
    output_of,
    region_on,
    show_clean,
    show_clean_sequence,
    show_difference,
    show_implants,
    show_uncertainty,
)
from xray3d.mrml.masks import covered_pixels, implants_from_node, region_from_node
from xray3d.mrml.segmentations import has_voxels, mask_from_segment
from xray3d.mrml.volumes import ijk_to_world
from xray3d.mrml.xrays import projection_from_node, xray_to_node

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


def whole_numbers(dtype, pixels=None):
    """An image of this scalar type."""
    image = np.arange(np.prod(SHAPE)).reshape(SHAPE) % 100 if pixels is None else pixels
    return slicer.util.addVolumeFromArray(image[None].astype(dtype), name="Plain")


def pixels_of(node):
    return slicer.util.arrayFromVolume(node)[0]


class TestClean:
    def test_stands_where_the_xray_stands(self, xray_node):
        pixels = np.random.default_rng(1).random(SHAPE)
        node = show_clean(pixels, xray_node)
        assert node.GetName() == "AP without implants"
        assert same_geometry(projection_from_node(node), projection_from_node(xray_node))
        assert node.GetTransformNodeID() == xray_node.GetTransformNodeID()
        np.testing.assert_allclose(ijk_to_world(node), ijk_to_world(xray_node))
        np.testing.assert_array_equal(pixels_of(node), pixels.astype(np.float32))

    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
    def test_keeps_the_scalar_type_and_its_limits(self, scene, dtype):
        xray_node = whole_numbers(dtype)
        pixels = np.full(SHAPE, 7.6)
        pixels[0, :2] = -1e5, 1e12
        clean = show_clean(pixels, xray_node)
        assert clean.GetImageData().GetScalarType() == xray_node.GetImageData().GetScalarType()
        if np.dtype(dtype).kind in "iu":
            limits = np.iinfo(dtype)
            assert pixels_of(clean)[0, :3].tolist() == [max(limits.min, -100_000), limits.max, 8]
        else:
            np.testing.assert_allclose(pixels_of(clean), pixels, rtol=1e-6)

    def test_is_shown_as_the_xray_is(self, xray_node):
        display = xray_node.GetDisplayNode()
        display.SetAutoWindowLevel(False)
        display.SetWindowLevel(3.5, 1.25)
        display.SetAndObserveColorNodeID("vtkMRMLColorTableNodeInvertedGrey")
        shown = show_clean(np.zeros(SHAPE), xray_node).GetDisplayNode()
        assert (shown.GetWindow(), shown.GetLevel(), shown.GetAutoWindowLevel()) == (3.5, 1.25, 0)
        assert shown.GetColorNodeID() == "vtkMRMLColorTableNodeInvertedGrey"
        assert shown is not display

    def test_an_xray_without_geometry_or_display(self, scene):
        xray_node = whole_numbers(np.int16)
        xray_node.SetAndObserveDisplayNodeID(None)
        node = show_clean(np.zeros(SHAPE), xray_node)
        assert list(node.GetAttributeNames()) == []

    def test_the_xray_stays_as_it_is(self, xray_node):
        def state():
            names = xray_node.GetAttributeNames()
            roles = map(xray_node.GetNthNodeReferenceRole, range(xray_node.GetNumberOfNodeReferenceRoles()))
            references = [xray_node.GetNodeReferenceID(role) for role in roles]
            attributes = [xray_node.GetAttribute(name) for name in names]
            return attributes, list(filter(None, references)), xray_node.GetImageData().GetMTime()

        pixels, before = pixels_of(xray_node).copy(), state()
        show_clean(np.zeros(SHAPE), xray_node)
        show_difference(xray_node)
        show_uncertainty(np.zeros(SHAPE), xray_node)
        show_implants(corner(), xray_node)
        np.testing.assert_array_equal(pixels_of(xray_node), pixels)
        assert state() == before


class TestAgain:
    def test_the_same_nodes_are_updated(self, xray_node):
        outputs = (CLEAN, DIFFERENCE, UNCERTAINTY, IMPLANTS)

        def make(value, mask):
            show_clean(np.full(SHAPE, value), xray_node)
            show_difference(xray_node)
            show_uncertainty(np.full(SHAPE, value), xray_node)
            show_implants(mask, xray_node)
            return [output_of(xray_node, output) for output in outputs]

        first, count = make(1.0, corner()), slicer.mrmlScene.GetNumberOfNodes()
        for node in first:
            node.SetName(f"My {node.GetName()}")
        under(xray_node, rigid((0, 0, 90), (1, 2, 3)))
        assert make(2.0, ~corner()) == first
        assert slicer.mrmlScene.GetNumberOfNodes() == count + 1  # the transform
        assert all(node.GetTransformNodeID() == xray_node.GetTransformNodeID() for node in first)
        assert first[0].GetName() == "My AP without implants"
        assert (pixels_of(first[0]) == 2).all()
        np.testing.assert_array_equal(implants_from_node(first[3], xray_node), ~corner())

    def test_each_xray_has_its_own(self, xray_node):
        other = xray_to_node(xray(view(80)), name="LAT")
        show_clean(np.zeros(SHAPE), xray_node)
        assert output_of(other, CLEAN) is None
        node = show_clean(np.ones(SHAPE), other)
        assert node.GetName() == "LAT without implants"
        assert output_of(xray_node, CLEAN) is not node
        assert is_output(node)
        assert not is_output(other)

    def test_one_that_was_deleted_is_made_anew(self, xray_node):
        slicer.mrmlScene.RemoveNode(show_clean(np.zeros(SHAPE), xray_node))
        assert output_of(xray_node, CLEAN) is None
        assert show_clean(np.zeros(SHAPE), xray_node) is output_of(xray_node, CLEAN)


class TestDifference:
    def test_is_clean_minus_original(self, scene):
        xray_node = whole_numbers(np.uint8, np.where(corner(), 250, 10))
        show_clean(np.full(SHAPE, 10.0), xray_node)
        node = show_difference(xray_node)
        assert node.GetName() == "Plain difference"
        np.testing.assert_array_equal(pixels_of(node), np.where(corner(), -240, 0))
        display = node.GetDisplayNode()
        assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (-240, 240)

    def test_none_at_all(self, scene):
        xray_node = whole_numbers(np.uint8)
        show_clean(pixels_of(xray_node).astype(float), xray_node)
        assert not pixels_of(show_difference(xray_node)).any()


class TestUncertainty:
    def test_is_seen_through_where_nothing_was_painted(self, xray_node):
        sigma = np.where(corner(), 0.25, 0.0)
        sigma[4, 25] = 2.0
        node = show_uncertainty(sigma, xray_node)
        assert node.GetName() == "AP inpainting uncertainty"
        np.testing.assert_allclose(pixels_of(node), sigma)
        np.testing.assert_allclose(ijk_to_world(node), ijk_to_world(xray_node))
        display = node.GetDisplayNode()
        assert display.GetApplyThreshold()
        assert (display.GetLowerThreshold(), display.GetUpperThreshold()) == (0.25, 2.0)

    def test_nothing_painted(self, xray_node):
        display = show_uncertainty(np.zeros(SHAPE), xray_node).GetDisplayNode()
        assert display.GetLowerThreshold() > 0


class TestImplants:
    def test_one_segment_on_the_xrays_pixels(self, xray_node):
        node = show_implants(corner(), xray_node)
        assert node.GetName() == "AP implants"
        segmentation = node.GetSegmentation()
        assert [segmentation.GetSegment(s).GetName() for s in segmentation.GetSegmentIDs()] == ["Implants"]
        np.testing.assert_array_equal(implants_from_node(node, xray_node), corner())

    def test_the_users_segments_and_colours_stay(self, xray_node):
        node = show_implants(corner(), xray_node)
        segmentation = node.GetSegmentation()
        segmentation.GetSegment("Implants").SetColor(0, 0, 1)
        segmentation.AddEmptySegment("rod", "rod")
        show_implants(~corner(), xray_node)
        assert set(segmentation.GetSegmentIDs()) == {"rod", "Implants"}
        assert segmentation.GetSegment("Implants").GetColor() == (0, 0, 1)
        np.testing.assert_array_equal(mask_from_segment(node, "Implants", xray_node)[0], ~corner())

    def test_nothing_found_is_no_error(self, xray_node):
        node = show_implants(np.zeros(SHAPE, bool), xray_node)
        assert not has_voxels(node)
        assert not implants_from_node(node, xray_node).any()

    def test_a_scene_file_keeps_what_belongs_together(self, scene, xray_node, tmp_path):
        show_implants(corner(), xray_node)
        show_clean(np.zeros(SHAPE), xray_node)
        assert scene.WriteToMRB(str(tmp_path / "case.mrb"))
        scene.Clear()
        assert scene.ReadFromMRB(str(tmp_path / "case.mrb"), True)
        loaded = slicer.util.getNode("AP")
        assert output_of(loaded, CLEAN).GetName() == "AP without implants"
        np.testing.assert_array_equal(implants_from_node(output_of(loaded, IMPLANTS), loaded), corner())


class TestRegion:
    def test_a_box_covers_the_middle_of_its_xray(self, xray_node):
        box = region_on(xray_node)
        rows, columns = np.nonzero(region_from_node(box, xray_node))
        assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 29, 12, 35)
        assert len(rows) == 20 * 24

    def test_a_turned_and_moved_box_follows_its_transforms(self, xray_node):
        box = region_on(xray_node)
        before = region_from_node(box, xray_node)
        turn = rigid((10, 20, 30), (50, 60, 70))
        under(box.GetParentTransformNode(), turn)
        np.testing.assert_array_equal(region_from_node(box, xray_node), before)

    def test_a_box_that_was_dragged(self, xray_node):
        box = region_on(xray_node)
        box.SetCenterWorld((ijk_to_world(xray_node) @ [0.5, 0.5, 0, 1])[:3])
        rows, columns = np.nonzero(region_from_node(box, xray_node))
        assert (rows.min(), rows.max(), columns.min(), columns.max()) == (0, 10, 0, 12)

    def test_a_segment(self, xray_node):
        node = show_implants(corner(), xray_node)
        np.testing.assert_array_equal(covered_pixels(node, xray_node), corner())


class TestSequence:
    @pytest.fixture
    def sequence(self, scene):
        node = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "Cine")
        for number, value in enumerate(("0.5", "1.0", "2.5")):
            frame = whole_numbers(np.uint16, np.full(SHAPE, number + 1))
            frame.SetSpacing(0.5, 0.25, 1)
            node.SetDataNodeAtValue(frame, value)
            scene.RemoveNode(frame)
        return node

    def test_every_frame_at_its_time(self, sequence):
        images = [np.full(SHAPE, value, np.uint16) for value in (7, 8, 9)]
        node = show_clean_sequence(images, sequence)
        assert node.GetName() == "Cine without implants"
        assert [node.GetNthIndexValue(n) for n in range(3)] == ["0.5", "1.0", "2.5"]
        for frame, image, original in zip(frames_of(node), images, frames_of(sequence), strict=True):
            np.testing.assert_array_equal(pixels_of(frame), image)
            np.testing.assert_allclose(ijk_to_world(frame), ijk_to_world(original))
        assert [pixels_of(frame)[0, 0] for frame in frames_of(sequence)] == [1, 2, 3]

    def test_again_in_the_same_node(self, sequence):
        images = [np.zeros(SHAPE, np.uint16)] * 3
        node = show_clean_sequence(images, sequence)
        assert show_clean_sequence(images, sequence) is node
        assert len(frames_of(node)) == 3

    def test_played_along(self, scene, sequence):
        scene.RegisterNodeClass(slicer.vtkMRMLSequenceBrowserNode())
        browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode")
        browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
        node = show_clean_sequence([np.zeros(SHAPE, np.uint16)] * 3, sequence)
        show_clean_sequence([np.zeros(SHAPE, np.uint16)] * 3, sequence)
        assert browser.IsSynchronizedSequenceNode(node)
        assert browser.GetNumberOfSynchronizedSequenceNodes() == 1

    def test_none_or_an_empty_one_is_refused(self, scene):
        for node in (None, whole_numbers(np.uint8)):
            with pytest.raises(VolumeError, match="No sequence is chosen"):
                frames_of(node)
        with pytest.raises(VolumeError, match="Cine has no frames"):
            frames_of(scene.AddNewNodeByClass("vtkMRMLSequenceNode", "Cine"))
