"""A vertebra from X-rays: what the network is shown of them, what is made of its answer, what is refused."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from scipy.stats import norm
from torch import nn

from reconstruction_support import spine, spine_views
from xray3d import Projection, XRayImage
from xray3d.drr.surfaces import rim_length_mm
from xray3d.errors import GeometryError, VolumeError
from xray3d.reconstruction import reconstruct as module
from xray3d.reconstruction.crops import crop_about
from xray3d.reconstruction.grid import GRID_SIZE_IJK, grid_about
from xray3d.reconstruction.reconstruct import Reconstruction, Reconstructor, reconstruct
from xray3d.reconstruction.region import frame_of
from xray3d.reconstruction.scenes import FRONTAL, LATERAL, OBJECT_PIXEL_MM

L3 = spine().frames["L3"]
MIDDLE = L3[:3, 3]


def xray(number, name="X-ray"):
    views = spine_views()
    return XRayImage(views.integrals[number].sum(axis=0), views.projections[number], name)


class Fake(nn.Module):
    """A network that says where a ball is, and keeps what it was shown."""

    def __init__(self, radius_mm=20.0):
        super().__init__()
        self.any, self.radius_mm, self.shown = nn.Parameter(torch.zeros(1)), radius_mm, None

    def forward(self, views, matrices, ijk_to_ras, size_ijk):
        self.shown = views, matrices
        k, j, i = np.meshgrid(*[np.arange(side) for side in size_ijk[::-1]], indexing="ij")
        to_ras = ijk_to_ras[0].numpy()
        ras = np.stack([i, j, k], axis=-1) @ to_ras[:3, :3].T + to_ras[:3, 3]
        return torch.from_numpy(self.radius_mm - np.linalg.norm(ras - MIDDLE, axis=-1))[None, None].float()


@pytest.fixture
def network(monkeypatch):
    """In the place of the shipped one."""
    fake = Fake()
    monkeypatch.setattr(module, "_shipped", lambda device: Reconstructor(fake))
    return fake


def test_a_crop_shows_the_point_in_its_middle_on_pixels_of_the_size_of_training():
    for number in (FRONTAL[0], LATERAL[0]):
        view = xray(number)
        part, projection = crop_about(view.pixels, view.projection, MIDDLE, 192)
        assert part.shape == projection.size_px == (192, 192)
        np.testing.assert_allclose(projection.project(MIDDLE), [95.5, 95.5], atol=0.51)
        beside = projection.project(MIDDLE + 10 * np.cross(projection.viewing_direction_ras, [0, 0, 1.0]))
        assert np.linalg.norm(beside - projection.project(MIDDLE)) == pytest.approx(10 / OBJECT_PIXEL_MM, rel=0.03)


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_a_crop_is_the_same_whatever_pixels_the_detector_has(scale):
    """A point of light is where the crop's geometry says."""
    size = tuple(round(side * scale) for side in (448, 384))
    projection = spine_views().projections[0].resampled(size)
    pixels = np.zeros(size, np.float32)
    light = MIDDLE + [12.0, 0.0, -9.0]
    rows, columns = np.indices(size)
    column, row = projection.project(light)
    pixels = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * (3 * scale) ** 2)).astype(np.float32)
    part, onto = crop_about(pixels, projection, MIDDLE, 192)
    weight = part / part.sum()
    found = [(weight * axis).sum() for axis in np.indices(part.shape)[::-1]]
    np.testing.assert_allclose(found, onto.project(light), atol=0.15)


def test_beyond_the_image_its_edge_goes_on():
    view = spine_views().projections[0]
    near_edge = view.unproject([5.0, 6.0], 700.0)
    pixels = np.tile(np.arange(384, dtype=np.float32), (448, 1))
    part, projection = crop_about(pixels, view, near_edge, 192)
    np.testing.assert_allclose(projection.project(near_edge), [95.5, 95.5], atol=0.51)
    assert len(np.unique(part[:, :80])) == 1
    assert (np.diff(part[:, 100:], axis=1) > 0).all()


def test_places_are_points_boxes_and_frames():
    np.testing.assert_array_equal(frame_of(L3), L3)
    np.testing.assert_array_equal(frame_of([1, 2, 3])[:3, 3], [1, 2, 3])
    to_ras = grid_about(frame_of([1, 2, 3]))
    corners = np.array([[0, 0, 0], np.array(GRID_SIZE_IJK) - 1]) @ to_ras[:3, :3].T + to_ras[:3, 3]
    np.testing.assert_allclose(frame_of(corners)[:3, 3], [1, 2, 3])


@pytest.mark.parametrize("place", [[1, 2], [np.nan, 0, 0], np.zeros((4, 4)), [[0, 0, 0], [1, -1, 1]], []])
def test_what_is_no_place_is_one_sentence(place):
    with pytest.raises(GeometryError, match="roi must be the middle of a vertebral body"):
        frame_of(place)


def test_the_network_is_shown_all_views_with_their_geometry(network):
    found = reconstruct([xray(0), xray(3), xray(7)], None, MIDDLE)
    views, matrices = network.shown
    assert views.shape == (1, 3, 192, 192)
    at = matrices[0].numpy() @ [*MIDDLE, 1]
    np.testing.assert_allclose(at[:, :2] / at[:, 2:], 95.5, atol=0.6)
    assert found.occupancy.shape == GRID_SIZE_IJK[::-1]
    np.testing.assert_allclose(found.ijk_to_ras, grid_about(frame_of(MIDDLE)))


def test_other_projections_take_the_place_of_those_of_the_x_rays(network):
    views = spine_views().projections
    reconstruct([xray(0), xray(3)], [views[0], views[3]], MIDDLE)
    right = network.shown[1]
    blank = Projection.from_carm(5, 5, MIDDLE, 1020, 700, views[0].size_px, views[0].pixel_mm)
    reconstruct([XRayImage(xray(0).pixels, blank), XRayImage(xray(3).pixels, blank)], [views[0], views[3]], MIDDLE)
    torch.testing.assert_close(network.shown[1], right)
    with pytest.raises(GeometryError, match="1 projections for 2 X-rays"):
        reconstruct([xray(0), xray(3)], [views[0]], MIDDLE)


def test_a_mesh_is_one_closed_surface_where_the_bone_is(network):
    vertices, triangles = reconstruct([xray(0)], None, MIDDLE).mesh()
    assert rim_length_mm(vertices, triangles) == 0
    np.testing.assert_allclose(np.linalg.norm(vertices - MIDDLE, axis=1), 20, atol=0.6)
    a, b, c = (vertices - MIDDLE)[triangles].swapaxes(0, 1)
    assert np.einsum("ni,ni->", a, np.cross(b, c)) / 6 == pytest.approx(4 / 3 * np.pi * 20**3, rel=0.02)


def test_what_reaches_the_edge_of_the_grid_is_closed_there_and_crumbs_are_left_out():
    occupancy = np.zeros((30, 40, 50), np.float32)
    occupancy[:15, 5:20, 5:20] = 1
    occupancy[25:27, 30:32, 40:42] = 1
    vertices, triangles = Reconstruction(occupancy, np.eye(4)).mesh()
    assert rim_length_mm(vertices, triangles) == 0
    assert vertices[:, 0].max() < 22


@pytest.mark.parametrize("sigma_mm", [1.5, 4.0])
def test_how_sure_a_surface_is_follows_from_how_steep_it_is(sigma_mm):
    """A plane across x, in voxels of another size along each axis, of a turned grid."""
    turn = Rotation.from_euler("zx", [25, 40], degrees=True).as_matrix()
    to_ras = np.eye(4)
    to_ras[:3, :3], to_ras[:3, 3] = turn @ np.diag([0.8, 1.0, 1.5]), (5, -7, 30)
    along_mm = 0.8 * (np.arange(50) - 25.0)
    occupancy = np.broadcast_to(norm.sf(along_mm / sigma_mm), (30, 40, 50)).astype(np.float32)
    on_plane = np.array([[25.0, 20, 15], [25, 5, 22]]) @ to_ras[:3, :3].T + to_ras[:3, 3]
    np.testing.assert_allclose(Reconstruction(occupancy, to_ras).sigma_mm(on_plane), sigma_mm, rtol=0.08)


def test_where_there_is_nothing_there_is_no_mesh():
    with pytest.raises(VolumeError, match="Nothing was reconstructed"):
        Reconstruction(np.zeros((8, 8, 8), np.float32), np.eye(4)).mesh()


def test_bad_input_is_one_sentence(network):
    with pytest.raises(VolumeError, match="no X-ray to reconstruct from"):
        reconstruct([], None, MIDDLE)
    flat = XRayImage(np.ones(xray(0).pixels.shape), xray(0).projection, "flat")
    with pytest.raises(VolumeError, match="flat has one grey value"):
        reconstruct([xray(0), flat], None, MIDDLE)
    with pytest.raises(GeometryError, match="lateral: An X-ray does not see the middle"):
        reconstruct([xray(0), xray(3, "lateral")], None, MIDDLE + [0, 400, 0])
