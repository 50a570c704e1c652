"""The surface of bones."""

import numpy as np
import pytest

from mrml_support import rigid, under
from test_mrml_models import volume_mm3
from xray3d import CTVolume, Implant
from xray3d.errors import VolumeError
from xray3d.mrml.bone import add_bone_surface, bone_surface
from xray3d.mrml.models import implant_from_node
from xray3d.mrml.volumes import ct_to_node

CENTER, RADIUS_MM = np.array([10.0, -5.0, 8.0]), 22.0


def patient(spacing_mm=1.0, mirrored=False):
    """A ball of bone in a body on a dense table, with a vessel full of contrast agent beside the bone."""
    n = round(120 / spacing_mm)
    grid = (np.arange(n) - (n - 1) / 2) * spacing_mm
    z, y, x = np.meshgrid(grid, grid, grid, indexing="ij")
    hu = np.where((x / 55) ** 2 + (y / 40) ** 2 < 1, 0.0, -1000.0)
    hu[np.linalg.norm(np.stack([x, y, z], -1) - CENTER, axis=-1) < RADIUS_MM] = 900
    hu[np.hypot(x + 30, y) < 9] = 350
    hu[(y < -50) & (y > -55)] = 800
    to_ras = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
    to_ras[:3, 3] = grid[0]
    if mirrored:
        hu, to_ras[0, 0], to_ras[0, 3] = hu[:, :, ::-1], -spacing_mm, -grid[0]
    return CTVolume(hu.astype(np.float32), to_ras, "patient")


def center_of_area(surface):
    corners = surface.vertices_ras[surface.triangles]
    doubled = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.average(corners.mean(axis=1), axis=0, weights=np.linalg.norm(doubled, axis=1))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("spacing_mm", [0.8, 2.5])
def test_only_the_bone_where_it_is_outside_out(spacing_mm, mirrored):
    surface = Implant(*bone_surface(patient(spacing_mm, mirrored)))
    distances = np.linalg.norm(surface.vertices_ras - CENTER, axis=1)
    assert np.linalg.norm(center_of_area(surface) - CENTER) < 0.2
    assert abs(distances.mean() - RADIUS_MM) < 1.0
    assert np.abs(distances - RADIUS_MM).max() < 3.0
    vertices, triangles = bone_surface(patient(spacing_mm, mirrored))
    corners = vertices[triangles]
    signed = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    assert signed == pytest.approx(volume_mm3(surface)), "counter-clockwise seen from outside"
    assert signed > 0


def test_the_model_is_in_world_coordinates(scene):
    node = ct_to_node(patient(2.5), "CT")
    matrix = rigid((10, 20, 30), (100, 200, 300))
    under(node, matrix)
    model = add_bone_surface(node)
    center = implant_from_node(model).vertices_ras.mean(axis=0)
    np.testing.assert_allclose(center, (matrix @ [*CENTER, 1])[:3], atol=0.7)


def test_no_bone_is_said_so():
    with pytest.raises(VolumeError, match="patient has no bone above 5000 HU"):
        bone_surface(patient(2.5), 5000)
