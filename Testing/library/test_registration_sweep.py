"""Sweeps: of a rotation that is tried, where the patient then lies, and whether bone is bright or dark."""

import numpy as np
import pytest

from registration_support import CENTRE, FRONTAL, carm, error_mm, motion, patient, xrays
from xray3d.drr import DRRRenderer
from xray3d.geometry import Projection
from xray3d.registration.objective import Pose
from xray3d.registration.register import Registrar
from xray3d.registration.sweep import PX, normalised, sweep, turned
from xray3d.registration.views import prepare_view

# Not a lateral view: vertebrae side by side look much alike there, and a shift by one of them is as good.
OBLIQUE = carm(40, 10)


@pytest.fixture(scope="module")
def renderer() -> DRRRenderer:
    return DRRRenderer(patient().ct)


def swept(renderer, views, off, rotations, inverted=(), most=5):
    """Sweeps from the views after the anatomy was moved by `off`."""
    prepared = [prepare_view(xray, None) for xray in xrays(*views)]
    read = [view.inverted if n in inverted else view for n, view in enumerate(prepared)]
    start = Pose.at([view.moved(off) for view in views])
    reduced = [view.at(PX) for view in read]
    poses = turned(start, np.asarray(rotations, float), CENTRE)
    return sweep(renderer, reduced, poses, CENTRE, most, lambda: None)


VIEWS = [(FRONTAL, OBLIQUE), (FRONTAL,), (OBLIQUE,)]


@pytest.mark.parametrize("views", VIEWS, ids=len)
@pytest.mark.parametrize("shift", [(20, 0, 0), (0, 0, -25), (-12, 0, 18)])
def test_a_shift_is_found_at_once(renderer, views, shift):
    """Across the views at least: along one view alone, next to nothing changes."""
    found = swept(renderer, views, motion(shift, [0, 0, 0]), [[0, 0, 0]])[0]
    assert not any(found.inverted)
    assert found.score > 0.5
    for projection, view in zip(found.pose.projections, views, strict=True):
        off_px = projection.project(CENTRE) - view.project(CENTRE)
        assert np.abs(off_px * view.pixel_mm).max() < 7, "less than a pixel of the sweep"
    if len(views) == 2:
        assert error_mm(found.pose.projections, views) < 6


def test_the_patient_is_turned_about_the_pivot():
    pivot = CENTRE + [30, -20, 10]
    still, quarter = turned(Pose.at([FRONTAL]), np.array([[0, 0, 0], [0, 0, np.pi / 2]]), pivot)
    np.testing.assert_allclose(still.projections[0].extrinsic, FRONTAL.extrinsic, atol=1e-12)
    # What was to the right of the pivot is before it: about S, counterclockwise from above.
    seen = quarter.projections[0].project(pivot + [[0, 0, 0], [40, 0, 0]])
    np.testing.assert_allclose(seen, FRONTAL.project(pivot + [[0, 0, 0], [0, 40, 0]]), atol=1e-9)


def test_two_views_tell_a_shift_in_every_direction(renderer):
    for shift in ((0, 20, 0), (15, -12, 10)):
        found = swept(renderer, (FRONTAL, OBLIQUE), motion(shift, [0, 0, 0]), [[0, 0, 0]])[0]
        assert error_mm(found.pose.projections, (FRONTAL, OBLIQUE)) < 6


@pytest.mark.parametrize("inverted", [(), (0,), (1,), (0, 1)])
def test_each_view_is_read_as_it_fits(renderer, inverted):
    found = swept(renderer, (FRONTAL, OBLIQUE), motion([10, 5, -10], [0, 0, 0]), [[0, 0, 0]], inverted)[0]
    assert found.inverted == tuple(n in inverted for n in (0, 1))


def test_the_rotation_that_undoes_the_start_is_the_best(renderer):
    turn = np.deg2rad([20, -25, 30])
    off = motion([8, -6, 10], [20, -25, 30])
    tried = [[0, 0, 0], turn, -turn, [0.4, 0.3, 0.0], [0, 0, -0.5]]
    found = swept(renderer, (FRONTAL, OBLIQUE), off, tried)
    errors = [error_mm(candidate.pose.projections, (FRONTAL, OBLIQUE)) for candidate in found]
    assert errors[0] == min(errors)
    assert errors[0] < 8
    scores = [candidate.score for candidate in found]
    assert scores == sorted(scores, reverse=True)


def test_no_more_than_asked_for_and_nothing_from_within_the_patient(renderer):
    rotations = 0.1 * np.random.default_rng(0).normal(size=(9, 3))
    assert len(swept(renderer, (FRONTAL,), np.eye(4), rotations, most=4)) == 4
    within = FRONTAL.moved(motion(FRONTAL.viewing_direction_ras * 650, [0, 0, 0]))
    view = prepare_view(xrays(FRONTAL)[0], None).at(PX)
    assert sweep(renderer, [view], [Pose.at([within])], CENTRE, 4, lambda: None) == []


def test_it_can_be_ended(renderer):
    def end():
        raise KeyboardInterrupt

    view = prepare_view(xrays(FRONTAL)[0], None).at(PX)
    with pytest.raises(KeyboardInterrupt):
        sweep(renderer, [view], [Pose.at([FRONTAL])], CENTRE, 4, end)


def test_local_normalisation_forgets_gain_offset_and_what_is_not_usable():
    image = np.random.default_rng(0).normal(size=(1, 40, 50))
    usable = np.ones_like(image)
    usable[:, :, :10] = 0
    spoilt = 300 * image - 40
    first, second = (normalised(one, usable)[:, :, 10:] for one in (image, np.where(usable > 0, spoilt, 0.0)))
    np.testing.assert_allclose(first, second, atol=0.05)
    assert not normalised(image, usable)[:, :, :10].any()


FAR = motion([6, -4, 8], [35, 20, -30])


@pytest.mark.parametrize("invert", [False, True])
def test_a_registration_comes_back_from_far_whatever_is_bright(invert):
    """Rotated by half a right angle: no descent leads back from there."""
    views: tuple[Projection, ...] = (FRONTAL, OBLIQUE)
    images = xrays(*views)
    if invert:  # one of the two
        images[0] = type(images[0])(-images[0].pixels, images[0].projection, images[0].name)
    start = [view.moved(FAR) for view in views]
    assert Registrar(patient().ct).register(images, start, search="off").verdict != "accepted"
    found = Registrar(patient().ct).register(images, start)
    assert found.verdict == "accepted"
    assert error_mm(found.projections, views) < 1
