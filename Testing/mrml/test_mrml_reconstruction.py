"""Vertebrae in the scene: their models, segments and outlines on X-rays."""

import numpy as np
import pytest
import slicer
import slicer.util
from vtkmodules.util.numpy_support import vtk_to_numpy

from mrml_support import rigid, under, view, warped, xray
from xray3d import XRayImage
from xray3d.drr.surfaces import rim_length_mm
from xray3d.errors import GeometryError, VolumeError
from xray3d.mrml.polydata import arrays
from xray3d.mrml.reconstruction import (
    SEGMENTATION_NAME,
    UNSURE_MM,
    Vertebra,
    finding_of,
    findings,
    model_of,
    show_outlines,
    show_vertebrae,
)
from xray3d.mrml.segmentations import mask_from_segment
from xray3d.mrml.transforms import world_matrix
from xray3d.mrml.xrays import projection_from_node, xray_to_node
from xray3d.reconstruction.grid import grid_about
from xray3d.reconstruction.reconstruct import Reconstruction
from xray3d.volumes.point_cloud import SIGMA_ARRAY

MIDDLE = np.array([12.0, -20.0, 30.0])
TURNED = rigid((20, 5, -10), MIDDLE)


def ball(middle=MIDDLE, radius_mm=15.0, to_ras=None, shape=(44, 48, 52)):
    """A reconstruction of a ball on a grid about it, blurred by 1.5 mm, along RAS or as `to_ras` (4, 4) says."""
    if to_ras is None:
        to_ras = np.eye(4)
        to_ras[:3, 3] = middle - (np.array(shape[::-1]) - 1) / 2
    k, j, i = np.indices(shape)
    ras = np.stack([i, j, k], axis=-1) @ to_ras[:3, :3].T + to_ras[:3, 3]
    inward_mm = radius_mm - np.linalg.norm(ras - middle, axis=-1)
    return Reconstruction((1 / (1 + np.exp(-1.7 * inward_mm / 1.5))).astype(np.float32), to_ras)


def vertebra(level="L3", **options):
    return Vertebra.of(ball(**options), level, ["AP", "LAT"])


def sigma_of(node):
    return vtk_to_numpy(node.GetPolyData().GetPointData().GetArray(SIGMA_ARRAY))


def segment_names(node):
    segmentation = node.GetSegmentation()
    return [segmentation.GetSegment(s).GetName() for s in segmentation.GetSegmentIDs()]


def segment_mask(node, level, ijk_to_ras, shape):
    """A segment (K, J, I) on a grid in the world."""
    grid = slicer.util.addVolumeFromArray(np.zeros(shape, np.uint8), slicer.util.vtkMatrixFromArray(ijk_to_ras))
    return mask_from_segment(node, level, grid)


class TestShow:
    def test_a_closed_model_with_normals_named_by_its_level(self, scene):
        (shown,) = show_vertebrae([vertebra()])
        node = shown.model_node
        assert node.GetName() == "L3"
        vertices, triangles = arrays(node.GetPolyData())
        assert rim_length_mm(vertices, triangles) == 0
        np.testing.assert_allclose(np.linalg.norm(vertices - MIDDLE, axis=1), 15, atol=0.4)
        outward = slicer.util.arrayFromModelPoints(node) - MIDDLE
        normals = vtk_to_numpy(node.GetPolyData().GetPointData().GetNormals())
        assert np.einsum("ni,ni->n", normals, outward / 15).min() > 0.9

    def test_its_colours_are_how_sure_it_is(self, scene):
        (shown,) = show_vertebrae([vertebra()])
        display = shown.model_node.GetDisplayNode()
        assert display.GetActiveScalarName() == SIGMA_ARRAY
        assert display.GetScalarVisibility()
        assert display.GetScalarRange() == (0.0, UNSURE_MM)
        assert display.GetColorNode() is not None
        sigma = sigma_of(shown.model_node)
        np.testing.assert_allclose(sigma, 1.5, rtol=0.25)
        found = ball()
        expected = found.sigma_mm(slicer.util.arrayFromModelPoints(shown.model_node))
        np.testing.assert_allclose(sigma, expected, rtol=1e-4)

    def test_what_is_known_of_it(self, scene):
        made = vertebra()
        (shown,) = show_vertebrae([made])
        assert shown.finding == finding_of(shown.model_node)
        assert shown.finding.volume_ml == pytest.approx(4 / 3 * np.pi * 1.5**3, rel=0.03)
        assert shown.finding.sigma_mm == pytest.approx(made.sigma_mm.mean())
        assert shown.finding.largest_sigma_mm == made.sigma_mm.max()
        assert shown.finding.views == ("AP", "LAT")

    def test_each_level_is_a_segment_on_a_grid_of_its_own(self, scene):
        turned = ball(to_ras=TURNED @ grid_about(np.eye(4)), shape=(80, 128, 104))
        level = Vertebra.of(turned, "L4", ["AP"])
        shown = show_vertebrae([vertebra(), level])
        node = shown[0].segmentation_node
        assert shown[1].segmentation_node is node
        assert node.GetName() == SEGMENTATION_NAME
        assert segment_names(node) == ["L3", "L4"]
        assert not node.GetDisplayNode().GetVisibility3D()
        for name, found in (("L3", ball()), ("L4", turned)):
            mask = segment_mask(node, name, found.ijk_to_ras, found.occupancy.shape)
            np.testing.assert_array_equal(mask, found.inside)
        colors = [node.GetSegmentation().GetSegment(name).GetColor() for name in ("L3", "L4")]
        assert colors == [one.model_node.GetDisplayNode().GetColor() for one in shown]
        assert colors[0] != colors[1]

    def test_again_updates_the_same_nodes(self, scene):
        (first,) = show_vertebrae([vertebra()])
        show_vertebrae([vertebra("L4", middle=MIDDLE + [0, 0, 40])])
        first.model_node.SetName("My L3")
        first.model_node.GetDisplayNode().SetScalarVisibility(False)
        first.segmentation_node.GetSegmentation().GetSegment("L3").SetColor(0, 0, 1)
        first.segmentation_node.GetSegmentation().AddEmptySegment("mine", "mine")
        count = scene.GetNumberOfNodes()
        (again,) = show_vertebrae([vertebra(radius_mm=10.0)])
        assert (again.model_node, again.segmentation_node) == (first.model_node, first.segmentation_node)
        assert scene.GetNumberOfNodes() == count
        assert again.model_node.GetName() == "My L3"
        assert not again.model_node.GetDisplayNode().GetScalarVisibility()
        vertices, _ = arrays(again.model_node.GetPolyData())
        np.testing.assert_allclose(np.linalg.norm(vertices - MIDDLE, axis=1), 10, atol=0.4)
        node = again.segmentation_node
        assert sorted(segment_names(node)) == ["L3", "L4", "mine"]
        assert node.GetSegmentation().GetSegment("L3").GetColor() == (0, 0, 1)
        small = ball(radius_mm=10.0)
        mask = segment_mask(node, "L3", small.ijk_to_ras, small.occupancy.shape)
        np.testing.assert_array_equal(mask, small.inside)

    def test_nodes_under_transforms_show_it_where_it_is(self, scene):
        (shown,) = show_vertebrae([vertebra()])
        moved = rigid((0, 20, 40), (9, 8, 7))
        for node in (shown.model_node, shown.segmentation_node):
            under(node, moved)
        show_vertebrae([vertebra(radius_mm=12.0)])
        vertices, _ = arrays(shown.model_node.GetPolyData())
        to_world = world_matrix(shown.model_node)
        in_world = vertices @ to_world[:3, :3].T + to_world[:3, 3]
        np.testing.assert_allclose(np.linalg.norm(in_world - MIDDLE, axis=1), 12, atol=0.4)
        found = ball(radius_mm=12.0)
        mask = segment_mask(shown.segmentation_node, "L3", found.ijk_to_ras, found.occupancy.shape)
        assert (mask != found.inside).mean() < 1e-4

    @pytest.mark.parametrize("which", ["model_node", "segmentation_node"])
    def test_under_a_warp_nothing_is_changed(self, scene, which):
        (shown,) = show_vertebrae([vertebra()])
        warped(getattr(shown, which))
        count, before = scene.GetNumberOfNodes(), shown.model_node.GetPolyData()
        with pytest.raises(GeometryError, match="not linear"):
            show_vertebrae([vertebra("L2"), vertebra()])
        assert scene.GetNumberOfNodes() == count
        assert shown.model_node.GetPolyData() is before
        assert segment_names(shown.segmentation_node) == ["L3"]

    def test_nothing_inside_is_one_sentence_with_its_level(self):
        with pytest.raises(VolumeError, match="L3: Nothing was reconstructed"):
            Vertebra.of(Reconstruction(np.zeros((8, 8, 8), np.float32), np.eye(4)), "L3", ["AP"])


class TestFindings:
    def test_from_head_to_foot_and_of_our_models_only(self, scene):
        other = scene.AddNewNodeByClass("vtkMRMLModelNode", "L1")
        shown = show_vertebrae([vertebra(name) for name in ("Mine", "L2", "T12", "L1")])
        assert [finding.level for _, finding in findings()] == ["T12", "L1", "L2", "Mine"]
        assert [node for node, _ in findings()] == [shown[n].model_node for n in (2, 3, 1, 0)]
        for text in ("[1, 2]", "no JSON", '{"level": "L1", "volume_ml": "much"}'):
            other.SetAttribute("XRay3D.Vertebra", text)
            assert finding_of(other) is None
        assert model_of("L1") is shown[3].model_node
        assert model_of("L3") is None

    def test_a_scene_file_keeps_them(self, scene, tmp_path):
        turned = ball(to_ras=TURNED @ grid_about(np.eye(4)), shape=(80, 128, 104))
        shown = show_vertebrae([vertebra(), Vertebra.of(turned, "L4", ["AP"])])
        before, sigma = [one.finding for one in shown], sigma_of(shown[0].model_node)
        assert scene.WriteToMRB(str(tmp_path / "case.mrb"))
        scene.Clear()
        assert scene.ReadFromMRB(str(tmp_path / "case.mrb"), True)
        assert [finding for _, finding in findings()] == before
        model = model_of("L3")
        np.testing.assert_allclose(sigma_of(model), sigma, rtol=1e-4)
        assert model.GetDisplayNode().GetScalarVisibility()
        node = slicer.util.getNode(SEGMENTATION_NAME)
        for name, found in (("L3", ball()), ("L4", turned)):
            mask = segment_mask(node, name, found.ijk_to_ras, found.occupancy.shape)
            both = (mask & found.inside).sum()
            assert 2 * both / (mask.sum() + found.inside.sum()) > 0.95
        (again,) = show_vertebrae([vertebra()])
        assert (again.model_node, again.segmentation_node) == (model, node)


class TestOutlines:
    @pytest.fixture
    def xray_node(self, scene):
        node = xray_to_node(xray(view(30, -10, size_px=(80, 96), pixel_mm=(2.5, 2.0))), name="AP")
        under(node, rigid((5, 0, 20), (10, 0, -4)))
        return node

    def lines(self, node, xray_node):
        """Ends of the lines as the X-ray's columns and rows, (n, 2)."""
        ends = slicer.util.arrayFromModelPoints(node)
        to_world = world_matrix(node)
        return projection_from_node(xray_node).project(ends @ to_world[:3, :3].T + to_world[:3, 3])

    def test_are_where_the_x_ray_would_show_the_bone(self, xray_node):
        """A ball's outline, of which every ray touches the ball."""
        (shown,) = show_vertebrae([vertebra()])
        node = show_outlines([shown.model_node], xray_node)
        projection = projection_from_node(xray_node)
        rays = projection.unproject(self.lines(node, xray_node), 1.0) - projection.source_ras
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        miss_mm = np.linalg.norm(np.cross(MIDDLE - projection.source_ras, rays), axis=1)
        np.testing.assert_allclose(miss_mm, 15, atol=0.5)
        assert node.GetHideFromEditors()
        assert not node.GetSaveWithScene()

    def test_of_a_model_that_was_moved(self, xray_node):
        (shown,) = show_vertebrae([vertebra()])
        under(shown.model_node, rigid((0, 0, 0), (20, 0, 0)))
        node = show_outlines([shown.model_node], xray_node)
        projection = projection_from_node(xray_node)
        middle = self.lines(node, xray_node).mean(axis=0)
        np.testing.assert_allclose(middle, projection.project(MIDDLE + [20, 0, 0]), atol=1)

    def test_several_in_one_node_and_none(self, xray_node):
        shown = show_vertebrae([vertebra(), vertebra("L4", middle=MIDDLE + [0, 0, 35])])
        node = show_outlines([shown[0].model_node], xray_node)
        one = node.GetPolyData().GetNumberOfLines()
        assert show_outlines([part.model_node for part in shown], xray_node, node) is node
        assert node.GetPolyData().GetNumberOfLines() > 1.5 * one
        show_outlines([], xray_node, node)
        assert node.GetPolyData().GetNumberOfLines() == 0

    def test_a_bone_beside_the_image_has_none(self, xray_node):
        (shown,) = show_vertebrae([vertebra(middle=MIDDLE + [0, 0, 400])])
        assert show_outlines([shown.model_node], xray_node).GetPolyData().GetNumberOfLines() == 0

    def test_an_x_ray_without_geometry(self, scene):
        plain = slicer.util.addVolumeFromArray(np.zeros((1, 8, 8)), name="Plain")
        with pytest.raises(GeometryError, match="Plain has no X-ray geometry"):
            show_outlines([], plain)

    def test_holes_have_outlines_too(self, scene):
        """A tube along the view of the source."""
        projection = view(size_px=(200, 240), pixel_mm=(1.0, 1.0))
        xray_node = xray_to_node(XRayImage(np.zeros(projection.size_px, np.float32), projection))
        to_ras = np.eye(4)
        to_ras[:3, 3] = (-20, -3, -20)
        k, _, i = np.indices((41, 7, 41))
        from_axis = np.hypot(k - 20, i - 20)
        found = Reconstruction(((from_axis < 16) & (from_axis > 8)).astype(np.float32), to_ras)
        (shown,) = show_vertebrae([Vertebra.of(found, "L3", ["AP"])])
        lines = self.lines(show_outlines([shown.model_node], xray_node), xray_node)
        from_middle = np.linalg.norm(lines - projection.project(np.zeros(3)), axis=1) * 0.7
        assert from_middle.min() == pytest.approx(8, abs=1)
        assert from_middle.max() == pytest.approx(16, abs=1)
