"""Pictures to judge a registration by: alike where the pose is right, plainly not where it is off."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from test_geometry import carm
from xray3d import CTVolume, DRRRenderer, XRayImage
from xray3d.registration.overlay import (
    before_and_after,
    blend,
    bone_contours,
    checkerboard,
    coloured_overlay,
    contours,
    display_pair,
)

MIDDLE_RAS = np.array([12.0, -30.0, 250.0])


@pytest.fixture(scope="module")
def renderer():
    """A trunk with an off-centre block of bone: 20 mm wide, 40 mm high, its middle 20 mm to the patient's right."""
    hu = np.full((60, 40, 80), -1000.0, np.float32)
    hu[:, 5:35, 5:75] = 40.0
    hu[20:40, 15:25, 45:55] = 700.0
    to_ras = np.diag([2.0, 2.0, 2.0, 1.0])
    to_ras[:3, 3] = MIDDLE_RAS - [79, 39, 59]
    return DRRRenderer(CTVolume(hu, to_ras))


@pytest.fixture(scope="module")
def view():
    return carm(0, 0, size_px=(160, 200), pixel_mm=(1.5, 1.5))


def detector_signal(drr, inverted):
    noise = np.random.default_rng(0).normal(0, 0.01, drr.shape)
    signal = 3000 * np.exp(-drr / 2) * (1 + noise)
    return signal.max() - signal if inverted else signal


@pytest.mark.parametrize("inverted", [False, True])
def test_the_pair_looks_alike_whatever_the_polarity(renderer, view, inverted):
    drr = renderer.render(view)
    xray, shown = display_pair(detector_signal(drr, inverted), drr)
    for image in (xray, shown):
        assert image.dtype == np.float32
        assert image.shape == drr.shape
        assert image.min() >= 0
        assert image.max() <= 1
    assert np.corrcoef(xray.ravel(), shown.ravel())[0, 1] > 0.8
    bone = renderer.render_materials(view).bone.numpy()[0] > 0.1
    assert xray[bone].mean() > xray[~bone].mean()


def test_polarity_is_found_from_a_pose_that_is_off(renderer, view):
    off = view.perturbed([15, 10, 60, 0.05, 0.1, 0.1])
    xray = detector_signal(renderer.render(view), inverted=False)
    shown, _ = display_pair(xray, renderer.render(off))
    assert np.corrcoef(shown.ravel(), renderer.render(view).ravel())[0, 1] > 0


def test_a_flat_image_has_a_picture_too(renderer, view):
    xray, _ = display_pair(np.full(view.size_px, 7.0), renderer.render(view))
    assert np.isfinite(xray).all()


def test_contours_are_where_the_bone_ends(renderer, view):
    """The block's edges, projected by hand, carry contour points; 10 mm beside them there are none."""
    lines = np.concatenate(bone_contours(renderer, view))
    front, back = ({"y": MIDDLE_RAS[1] + y} for y in (-10.0, 10.0))
    edges = [view.project([MIDDLE_RAS[0] + x, plane["y"], MIDDLE_RAS[2]]) for x in (10, 30) for plane in (front, back)]
    left, right = np.array(edges)[:2, 0].mean(), np.array(edges)[2:, 0].mean()
    middle = lines[np.abs(lines[:, 1] - edges[0][1]) < 5]
    assert len(middle) > 5
    assert (np.minimum(abs(middle[:, 0] - left), abs(middle[:, 0] - right)) < 3).all()
    assert (abs(middle[:, 0] - left) < 3).any()
    assert (abs(middle[:, 0] - right) < 3).any()


def test_contours_fit_at_the_right_pose_only(renderer, view):
    edges = np.zeros(view.size_px, bool)
    columns, rows = np.round(np.concatenate(bone_contours(renderer, view))).astype(int).T
    edges[rows, columns] = True
    away = distance_transform_edt(~edges)

    def misfit(pose):
        columns, rows = np.round(np.concatenate(bone_contours(renderer, pose))).astype(int).T
        return away[rows, columns].mean()

    assert misfit(view) == 0
    assert misfit(view.moved(np.eye(4) + np.outer([1, 0, 0, 0], [0, 0, 0, 10]))) > 2


def test_nothing_has_no_contours():
    assert contours(np.zeros((30, 40))) == []


def test_blend_and_checkerboard_take_from_both():
    first, second = np.zeros((32, 64), np.float32), np.ones((32, 64), np.float32)
    assert blend(first, second, 0.25).mean() == pytest.approx(0.25)
    board = checkerboard(first, second, tiles=8)
    assert [board[4, 4], board[4, 12], board[12, 4], board[12, 12]] == [0, 1, 1, 0]
    assert board.mean() == pytest.approx(0.5)


def test_contours_are_drawn_where_they_are():
    line = np.array([[10.0, 5.0], [30.0, 5.0]], np.float32)
    rgb = coloured_overlay(np.full((20, 40), 0.5, np.float32), [line], (255, 0, 0))
    assert rgb.dtype == np.uint8
    assert rgb.shape == (20, 40, 3)
    assert rgb[5, 20, 0] > 240
    assert rgb[5, 20, 1:].max() < 15
    assert rgb[15, 20].tolist() == [128, 128, 128]
    assert rgb[5, 36].tolist() == [128, 128, 128]


def test_the_picture_of_a_large_xray_is_smaller(renderer):
    large = carm(0, 0, size_px=(512, 2048), pixel_mm=(0.6, 0.15))
    picture = before_and_after(renderer, XRayImage(np.ones(large.size_px, np.float32), large), large, large)
    assert picture.shape == (512, 2048, 3)


def test_before_and_after_is_one_picture_even_from_a_pose_that_cannot_be_rendered(renderer, view):
    xray = XRayImage(detector_signal(renderer.render(view), False), view)
    inside = carm(0, 0, isocenter_ras=MIDDLE_RAS + [0, 690, 0], size_px=view.size_px, pixel_mm=view.pixel_mm)
    picture = before_and_after(renderer, xray, inside, view)
    assert picture.shape == (320, 400, 3)
    coloured = (picture.max(axis=-1).astype(int) - picture.min(axis=-1)) > 60
    assert not coloured[:160].any(), "no contour from inside the patient"
    assert coloured[160:, :200].any()
