"""A vertebra's surface made into distances, in its own frame and of other sizes."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from xray3d.datasets.morphometry import MEAN_SHAPES
from xray3d.datasets.scanned_vertebra import ScannedVertebra
from xray3d.datasets.vertebra import vertebra_distance
from xray3d.datasets.vertebra_frame import GRID_AXES
from xray3d.errors import MeshError, VolumeError
from xray3d.volumes.isosurface import isosurface

L3 = MEAN_SHAPES[4]
AXES = [np.arange(axis[0] - 4, axis[-1] + 5) for axis in GRID_AXES]
GRID = np.stack(np.meshgrid(*AXES, indexing="ij")).astype(np.float32)


@cache
def surface():
    """Of a vertebra that is a formula, in its own frame."""
    to_mm = np.eye(4)
    to_mm[:3, 3] = [axis[0] for axis in AXES]
    return isosurface(-vertebra_distance(GRID, L3).transpose(2, 1, 0), 0.0, to_mm)


@cache
def scanned() -> ScannedVertebra:
    vertices, triangles = surface()
    turned = Rotation.from_euler("xyz", [12, -8, 20], degrees=True).as_matrix()
    return ScannedVertebra.of_surface(vertices @ turned.T + [300, -40, 1000], triangles, "L3")


def test_it_is_in_its_own_frame_wherever_the_surface_was():
    off = scanned().distance(GRID, L3) - vertebra_distance(GRID, L3)
    near = np.abs(vertebra_distance(GRID, L3)) < 2
    assert np.abs(off[near]).mean() < 0.5
    assert np.percentile(np.abs(off[near]), 95) < 1.5


def test_its_body_is_as_large_as_the_formula_says():
    np.testing.assert_allclose(scanned().size_mm, [L3.width_mm, L3.depth_mm, L3.height_mm], rtol=0.04)


def test_it_takes_other_sizes():
    larger = replace(L3, width_mm=1.2 * L3.width_mm, depth_mm=1.1 * L3.depth_mm, height_mm=0.9 * L3.height_mm)
    inside = scanned().distance(GRID, L3) < 0
    stretched = scanned().distance(GRID, larger) < 0
    for axis, factor in enumerate((1.2, 1.1, 0.9)):
        extents = [np.ptp(AXES[axis][of.any(axis=tuple({0, 1, 2} - {axis}))]) for of in (inside, stretched)]
        limit = np.ptp(GRID_AXES[axis])
        assert extents[1] == pytest.approx(min(factor * extents[0], limit + 8), abs=3)
    assert stretched.sum() == pytest.approx(1.2 * 1.1 * 0.9 * inside.sum(), rel=0.05)


def test_distances_grow_with_the_way_to_the_surface_even_beyond_the_grid():
    along = np.stack([np.zeros(5), np.zeros(5), [60, 80, 100, 150, 200]]).astype(np.float32)[:, :, None]
    np.testing.assert_allclose(np.diff(scanned().distance(along, L3)[:, 0]), [20, 20, 50, 50], rtol=0.15)


def test_what_is_no_vertebra_is_one_sentence(tmp_path):
    vertices, triangles = surface()
    with pytest.raises(MeshError, match="no triangles"):
        ScannedVertebra.of_surface(vertices, triangles[:0], "nothing")
    ball = isosurface(20 - np.linalg.norm(GRID, axis=0), 0.0, np.eye(4))
    with pytest.raises(VolumeError):
        ScannedVertebra.of_surface(*ball, "ball")
    with pytest.raises(MeshError, match=r"no file .*none.ply"):
        ScannedVertebra.read(tmp_path / "none.ply")
