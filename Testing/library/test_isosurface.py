"""Surfaces of equal value: where they are, which side is outside, what smoothing does to them."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from xray3d.drr.surfaces import rim_length_mm
from xray3d.volumes.isosurface import isosurface

RADIUS_MM = 9.0
KJI = np.stack(np.meshgrid(np.arange(30), np.arange(26), np.arange(24), indexing="ij"), axis=-1)


def affine(*, mirrored=False, spacing=(1.0, 1.2, 0.8)):
    placed = np.eye(4)
    placed[:3, :3] = Rotation.from_euler("xyz", [20, -40, 70], degrees=True).as_matrix() @ np.diag(spacing)
    placed[:3, 3] = 5, -80, 120
    if mirrored:
        placed[:3, 0] *= -1
    return placed


def ball(to_ras, centre):
    """(K, J, I) mm by which voxels are inside of a ball."""
    ras = KJI[..., ::-1] @ to_ras[:3, :3].T + to_ras[:3, 3]
    return RADIUS_MM - np.linalg.norm(ras - centre, axis=-1)


def volume(vertices, triangles):
    """Positive for triangles that are counter-clockwise seen from outside."""
    a, b, c = vertices[triangles].swapaxes(0, 1)
    return float(np.einsum("ni,ni->", a, np.cross(b, c)) / 6)


BALL_MM3 = 4 / 3 * np.pi * RADIUS_MM**3


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("smoothed", [False, True])
def test_a_ball_is_where_it_is_closed_and_inside_in(mirrored, smoothed):
    to_ras = affine(mirrored=mirrored)
    centre = to_ras[:3, :3] @ (11.3, 12.4, 15.2) + to_ras[:3, 3]
    vertices, triangles = isosurface(ball(to_ras, centre), 0.0, to_ras, smoothed=smoothed)
    radii = np.linalg.norm(vertices - centre, axis=1)
    assert np.abs(radii - RADIUS_MM).max() < 0.15
    assert rim_length_mm(vertices, triangles) == 0
    assert volume(vertices - centre, triangles) == pytest.approx(BALL_MM3, rel=0.02)


def test_smoothing_takes_the_steps_of_voxels_and_does_not_shrink():
    to_ras = affine(spacing=(1, 1, 1))
    centre = to_ras[:3, :3] @ (12, 12, 15) + to_ras[:3, 3]
    voxels = (ball(to_ras, centre) > 0).astype(np.float32)
    rough, smooth = (isosurface(voxels, 0.5, to_ras, smoothed=smoothed) for smoothed in (False, True))
    steps = [np.std(np.linalg.norm(vertices - centre, axis=1)) for vertices, _ in (rough, smooth)]
    assert steps[1] < 0.75 * steps[0]
    assert volume(smooth[0] - centre, smooth[1]) == pytest.approx(BALL_MM3, rel=0.02)


def test_where_nothing_crosses_the_level_there_is_no_surface():
    vertices, triangles = isosurface(np.zeros((5, 6, 7)), 0.5, np.eye(4))
    assert vertices.shape == triangles.shape == (0, 3)
