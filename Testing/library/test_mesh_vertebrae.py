"""Vertebrae of people from surface meshes."""

import numpy as np
import pytest

from test_scanned_vertebra import GRID, L3, surface
from xray3d.datasets.mesh_vertebrae import generic_vertebrae, mean_vertebrae, visible_human_vertebrae
from xray3d.datasets.vertebra import vertebra_distance
from xray3d.drr.surfaces import save_surface
from xray3d.errors import MeshError

# x to the front, y to the left, z to the head.
FROM_RAS = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def write(vertices_ras, triangles, path):
    """In the frame of the meshes; `save_surface` turns RAS into LPS."""
    save_surface(vertices_ras @ FROM_RAS.T * [-1, -1, 1], triangles, path)


def assert_is_l3(scanned):
    near = np.abs(vertebra_distance(GRID, L3)) < 2
    off = scanned.distance(GRID, L3) - vertebra_distance(GRID, L3)
    assert np.abs(off[near]).mean() < 0.5


def test_five_of_one_man_are_read_by_their_names(tmp_path):
    vertices, triangles = surface()
    for number in range(1, 6):
        write(vertices + [0, 0, -40.0 * number], triangles, tmp_path / f"L{number}.ply")
    found = visible_human_vertebrae(tmp_path)
    assert len(found) == 5
    assert_is_l3(found[2])
    (tmp_path / "L4.ply").unlink()
    with pytest.raises(MeshError, match=r"L4\.ply"):
        visible_human_vertebrae(tmp_path)


def test_generic_ones_have_other_axes(tmp_path):
    """x to the front, y to the head, z to the right."""
    vertices, triangles = surface()
    for number in (1, 5):
        save_surface(vertices[:, [1, 2, 0]] * [-1, -1, 1], triangles, tmp_path / f"lumbar{number}.ply")
    first, fifth = generic_vertebrae(tmp_path)
    assert_is_l3(first)
    assert_is_l3(fifth)
    (tmp_path / "lumbar5.ply").unlink()
    with pytest.raises(MeshError, match=r"lumbar5\.ply"):
        generic_vertebrae(tmp_path)


def test_pieces_of_one_surface_are_vertebrae(tmp_path):
    vertices, triangles = surface()
    both = np.concatenate([vertices, vertices + [0, 0, 60]])
    write(both, np.concatenate([triangles, triangles + len(vertices)]), tmp_path / "means.ply")
    found = mean_vertebrae(tmp_path / "means.ply")
    assert len(found) == 2
    for one in found:
        assert_is_l3(one)
