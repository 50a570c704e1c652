"""From where an X-ray was taken, by what the patient looks like from everywhere."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registration_support import CENTRE, error_mm, patient, xray_room
from xray3d import DRRRenderer, Projection
from xray3d.datasets.pose_range import PoseRange
from xray3d.registration import drr_library
from xray3d.registration.drr_library import DRRLibrary, _Change
from xray3d.registration.views import ReducedView

POSES = PoseRange(tuple(CENTRE.tolist()), (-25.0, 25.0), (-20.0, 20.0))
SIZE_PX, PIXEL_MM = (128, 128), (2.4, 2.4)
NEAR_MM = 25.0
# Vertebrae look alike: the best may be a neighbour's.
AMONG = 8


@cache
def library() -> DRRLibrary:
    return DRRLibrary(DRRRenderer(patient().ct), POSES)


def drawn(seed: int, poses: PoseRange = POSES) -> Projection:
    return poses.draw(np.random.default_rng(seed), SIZE_PX, PIXEL_MM)


def taken(projection: Projection) -> ReducedView:
    return ReducedView(xray_room().render(projection), np.ones(projection.size_px, np.float32))


def best(xray: ReducedView, projection: Projection, among: int = AMONG):
    """The match nearest to the truth and how far it is off, mm."""
    moved = replace(projection, extrinsic=np.eye(4))
    matches = library().match(xray, moved, among)
    off_mm = [error_mm([replace(projection, extrinsic=one.extrinsic)], [projection]) for one in matches]
    return matches[int(np.argmin(off_mm))], min(off_mm)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_xrays_from_anywhere_in_the_range_match_where_they_were_taken(seed):
    projection = drawn(seed)
    match, off_mm = best(taken(projection), projection)
    assert off_mm < NEAR_MM
    assert not match.inverted
    assert match.correlation > 0


@pytest.mark.parametrize("change", ["inverted", "gain", "local", "of large pixels", "masked", "on a nearer receptor"])
def test_what_the_image_is_like_does_not_matter(change):
    projection = drawn(5)
    if change == "local":
        projection = projection.cropped(slice(40, 92), slice(30, 82))
    if change == "of large pixels":
        projection = projection.resampled((64, 32))
    if change == "on a nearer receptor":
        projection = replace(projection, intrinsic=np.diag([0.8, 0.8, 1]) @ projection.intrinsic)
    xray = taken(projection)
    if change == "masked":
        usable = xray.usable.copy()
        usable[50:80, 40:70] = 0
        xray = replace(xray, image=np.where(usable > 0, xray.image, 1e3), usable=usable)
    grey = {"inverted": -1.0, "gain": 700.0}.get(change, 1.0)
    match, off_mm = best(
        replace(xray, image=grey * xray.image + 3), projection, 4 * AMONG if change == "local" else AMONG
    )
    assert off_mm < NEAR_MM
    assert match.inverted == (change == "inverted")


@pytest.mark.parametrize("turn_deg", [-12.0, 0.0, 9.0])
@pytest.mark.parametrize("scale", [0.9, 1.0, 1.12])
@pytest.mark.parametrize("shift_px", [(0, 0), (11, -7)])
def test_a_pose_follows_from_how_an_image_is_laid_over_another(turn_deg, scale, shift_px):
    """Points around the centre, in the plane across the ray to it, are seen where the change puts them."""
    shift = drr_library._PIXEL * np.array(shift_px)
    change = _Change(turn_deg, scale)
    extrinsic = library()._extrinsic(change, 7, shift)
    over = library()._extrinsics[7]
    x, y, z = over[:3, :3]
    for point in (CENTRE, CENTRE + 30 * x, CENTRE - 20 * y):
        in_drr, in_xray = (tangents(matrix, point) for matrix in (over, extrinsic))
        np.testing.assert_allclose(change.matrix @ in_xray + shift, in_drr, atol=1e-3)
    source = -np.linalg.inv(extrinsic[:3, :3]) @ extrinsic[:3, 3]
    towards = (CENTRE - source) / np.linalg.norm(CENTRE - source)
    np.testing.assert_allclose(towards, z, atol=1e-9, err_msg="the ray to the centre is the same")
    assert np.linalg.det(extrinsic[:3, :3]) == pytest.approx(1.0)


def tangents(extrinsic: np.ndarray, point: np.ndarray) -> np.ndarray:
    x, y, depth = extrinsic[:3, :3] @ point + extrinsic[:3, 3]
    return np.array([x, y]) / depth


def test_the_best_come_first_and_no_more_than_asked_for():
    projection = drawn(3)
    matches = library().match(taken(projection), projection, 10)
    heights = [one.correlation for one in matches]
    assert len(matches) == 10
    assert heights == sorted(heights, reverse=True)


def test_it_can_be_stopped():
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library().match(taken(drawn(0)), drawn(0), 1, stop)


def test_a_source_within_the_patient_sees_nothing():
    """All of them here: nothing matches."""
    poses = PoseRange(tuple(CENTRE.tolist()), (0.0, 0.0), (0.0, 0.0), depth_mm=5.0, sdd_mm=60.0, sod_mm=20.0)
    inside = DRRLibrary(DRRRenderer(patient().ct), poses)
    assert inside.match(taken(drawn(0)), drawn(0), 5) == []


def test_a_range_of_one_pose_is_one_cell():
    np.testing.assert_allclose(drr_library._cells(3.0, 3.0), [3.0])
    np.testing.assert_allclose(drr_library._cells(-9.0, 9.0), [-6.0, 0.0, 6.0])
    assert np.diff(drr_library._cells(-45.0, 44.0)).max() <= 6.0
