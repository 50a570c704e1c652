"""`X23DReconstructionLogic` without its panel."""

import numpy as np
import pytest
import slicer
from x23dreconstruction_support import (
    L3,
    L4,
    add_box,
    add_plain,
    add_points,
    add_xray,
    is_ball,
    marked,
    node_named,
    scene_state,
)

import standin
from xray3d.errors import GeometryError, VolumeError
from xray3d.reconstruction import agreement
from xray3d.reconstruction.reconstruct import Reconstructor
from xray3d.reconstruction.region import frame_of_box


@pytest.fixture
def views():
    return [add_xray(), add_xray("LAT", 90.0)]


class TestReconstruct:
    def test_points(self, logic, fake, views):
        found = logic.reconstruct(views, add_points(("L4", L4), ("L3", L3)))
        assert [one.level for one in found] == ["L4", "L3"]
        for one, middle in zip(found, (L4, L3), strict=True):
            assert one.modelNode is node_named(one.level)
            assert one.segmentationNode is node_named("Vertebrae")
            assert is_ball(one.level, middle)
            assert one.volume_ml == pytest.approx(4 / 3 * np.pi * 1.5**3, abs=0.3)
            assert 1 < one.sigma_mm <= one.largestSigma_mm < 3
            assert one.xrayNames == ("AP", "LAT")

    def test_marks_on_both_x_rays(self, logic, fake, views):
        marks = [(name, marked(xray, at)) for xray in views for name, at in (("L4", L4), ("L3", L3))]
        found = logic.reconstruct(views, add_points(*marks, ("L2", L3 + [0, 0, 35])))
        assert [one.level for one in found] == ["L4", "L3", "L2"]
        for one, middle in zip(found, (L4, L3, L3 + [0, 0, 35]), strict=True):
            assert is_ball(one.level, middle)
            assert one.xrayNames == ("AP", "LAT")
        with pytest.raises(GeometryError, match="marks L4 on one of the chosen X-rays only"):
            logic.reconstruct(views[:1], add_points(*marks))

    def test_a_box_is_turned(self, logic, fake, views):
        box = add_box((0, 0, 0))
        transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
        turn = np.eye(4)
        turn[:2, :2] = [[0.8, -0.6], [0.6, 0.8]]
        turn[:3, 3] = L3
        transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(turn))
        box.SetAndObserveTransformNodeID(transform.GetID())
        (found,) = logic.reconstruct(views, box)
        assert found.level == "L2"
        np.testing.assert_allclose(fake.asked[0][1], frame_of_box(turn), atol=1e-9)

    def test_again_updates_the_same_nodes_with_the_same_model(self, logic, fake, views):
        points = add_points(("L3", L3))
        (first,) = logic.reconstruct(views, points)
        count = slicer.mrmlScene.GetNumberOfNodes()
        (again,) = logic.reconstruct(views, points)
        assert (again.modelNode, again.segmentationNode) == (first.modelNode, first.segmentationNode)
        assert slicer.mrmlScene.GetNumberOfNodes() == count
        assert fake.devices == ["cpu"]

    def test_an_x_ray_that_does_not_see_a_place_is_left_out_there(self, logic, fake, views):
        small = add_xray("Small", 45.0, size=(10, 72))
        lower, upper = logic.reconstruct([*views, small], add_points(("L3", L3), ("L9", [9, -22, 12])))
        assert lower.xrayNames == ("AP", "LAT")
        assert upper.xrayNames == ("AP", "LAT", "Small")

    def test_an_x_ray_that_shows_it_elsewhere(self, logic, fake, views, monkeypatch):
        monkeypatch.setattr(agreement, "disagreements", lambda made: [f"{made[0][1][0].name} is off."])
        with pytest.warns(UserWarning, match="AP is off"):
            logic.reconstruct(views, add_points(("L3", L3)))

    def test_refused(self, logic, fake, views):
        points, plain = add_points(("L3", L3)), add_plain()
        before = scene_state()
        for nodes, places, error, words in [
            ([], points, VolumeError, "No X-ray is chosen"),
            ([None], points, VolumeError, "No X-ray is chosen"),
            ([points], points, VolumeError, "Middles is no volume"),
            ([views[0], views[0]], points, VolumeError, "AP is chosen twice"),
            ([views[0], plain], points, GeometryError, "Plain has no X-ray geometry"),
            (views, plain, GeometryError, "Plain is a"),
        ]:
            with pytest.raises(error, match=words):
                logic.reconstruct(nodes, places)
            assert scene_state() == before


def test_the_librarys_own_reconstructor_with_a_network_that_learnt_nothing(logic, monkeypatch, views):
    import torch

    class Ball(torch.nn.Module):
        """Says that what is near the middle of the grid is inside."""

        def __init__(self):
            super().__init__()
            self.any = torch.nn.Parameter(torch.zeros(1))

        def forward(self, views, matrices, ijk_to_ras, size_ijk):
            k, j, i = np.indices(size_ijk[::-1])
            off = np.stack([i, j, k], axis=-1) - (np.array(size_ijk) - 1) / 2
            return torch.from_numpy(20 - np.linalg.norm(off, axis=-1))[None, None].float()

    monkeypatch.setattr(Reconstructor, "shipped", lambda device: Reconstructor(Ball()))
    (found,) = logic.reconstruct(views, add_points(("L3", L3)))
    assert found.volume_ml == pytest.approx(4 / 3 * np.pi * 2**3, rel=0.02)
    flat = add_xray("Flat", 30.0)
    slicer.util.updateVolumeFromArray(flat, np.ones((1, 60, 72)))
    with pytest.raises(VolumeError, match="Flat has one grey value"):
        logic.reconstruct([*views, flat], add_points(("L3", L3)))


def test_the_modules_own_test_passes():
    standin.make_module("X23DReconstruction")
    slicer.selfTests["X23DReconstruction"](msec=1)
