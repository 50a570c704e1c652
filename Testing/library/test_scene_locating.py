"""Where X-rays were taken from, and those that a model does not know."""

import numpy as np
import pytest

from registration_support import FRONTAL, error_mm, motion
from scene_locating_support import (
    FAR,
    SHOWS_NOTHING,
    VIEWS,
    Comparing,
    Recognising,
    Shortsighted,
    comparing,
    from_afar,
    knowing,
    untrained,
)
from xray3d import XRayImage
from xray3d.errors import BlankXRayError, GeometryError, NotRecognisedError, VolumeError
from xray3d.registration.scene_regression.placing import LAST, THOROUGH


@pytest.mark.parametrize("views", [VIEWS[:1], VIEWS[:2], VIEWS[2:], VIEWS], ids=len)
def test_xrays_are_found_from_anywhere(views):
    located = comparing().locate(from_afar(*views))
    assert error_mm(located.projections, views) < 0.2
    np.testing.assert_allclose(located.pose.transform_ras, np.linalg.inv(FAR), atol=0.5)
    assert [projection.size_px for projection in located.projections] == [view.size_px for view in views]
    assert located.pose.inlier_share > 0.9
    for view, maps, placed in zip(views, located.maps, located.pose.projections, strict=True):
        assert maps.valid.shape == placed.size_px
        seen = placed.project(maps.entry_ras[maps.valid])
        row, column = np.nonzero(maps.valid)
        assert np.abs(seen - np.c_[column, row]).max() < 0.5, view


@pytest.mark.parametrize("views", [VIEWS[:1], VIEWS[:2]], ids=len)
def test_a_network_that_recognises_needs_nothing_to_compare_with(views):
    """In whichever way grey values are to be read."""
    located = knowing(Recognising()).locate(from_afar(*views, grey=lambda drr: -drr))
    assert error_mm(located.projections, views) < 0.2


@pytest.mark.parametrize(("aside_mm", "left_mm"), [(0.0, 0.0), (3.0, 3.0)])
def test_the_pose_is_the_one_that_the_answers_lead_to(aside_mm, left_mm):
    located = knowing(Comparing(aside_mm)).locate(from_afar(*VIEWS[:2]))
    assert error_mm(located.projections, VIEWS[:2]) == pytest.approx(left_mm, abs=0.3)
    for view, maps in zip(located.pose.projections, located.maps, strict=True):
        row, column = np.nonzero(maps.valid)
        assert np.abs(view.project(maps.entry_ras[maps.valid]) - np.c_[column, row]).max() < 0.6


@pytest.mark.parametrize("views", [VIEWS[:1], VIEWS[2:], VIEWS[:2]], ids=["frontal", "oblique", "both"])
def test_what_is_too_far_off_to_compare_with_is_tried_around(views):
    located = knowing(Shortsighted(sight_mm=12.0)).locate(from_afar(*views))
    assert error_mm(located.projections, views) < 0.3


class Counted(Shortsighted):
    """Knows how many guesses it was shown at a time."""

    def __init__(self, sight_mm):
        super().__init__(sight_mm)
        self.compared = []

    def forward(self, pictures, guessed=None):
        self.compared.append(len(pictures))
        return super().forward(pictures, guessed)


def test_it_ends_early_where_answers_from_different_places_agree():
    sees_far, sees_nothing = Counted(1000.0), Counted(0.0)
    knowing(sees_far).locate(from_afar(FRONTAL))
    assert sees_far.compared == [THOROUGH.first, THOROUGH.compared, *[1] * LAST.rounds]
    with pytest.raises(NotRecognisedError):
        knowing(sees_nothing).locate(from_afar(FRONTAL))
    assert sees_nothing.compared[: THOROUGH.rounds] == [THOROUGH.first, *[THOROUGH.compared] * (THOROUGH.rounds - 1)]


def test_locating_can_be_stopped_between_comparisons():
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        knowing(Comparing()).locate(from_afar(FRONTAL), breathe=stop)


@pytest.mark.parametrize(
    "grey", [lambda drr: -drr, lambda drr: 4000 * np.exp(-drr), lambda drr: 900 * drr**0.7], ids=["-", "exp", "gamma"]
)
def test_any_grey_scale_will_do(grey):
    """Bone dark as on a fluoroscope, or bright as on a radiograph."""
    located = comparing().locate(from_afar(FRONTAL, grey=grey))
    assert error_mm(located.projections, [FRONTAL]) < 0.2


def test_the_same_seed_gives_the_same_pose():
    given = from_afar(FRONTAL)
    first, again = (comparing().locate(given, seed=3).pose.transform_ras for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("views", [VIEWS[:1], VIEWS[:2], VIEWS[2:]], ids=["frontal", "two", "oblique"])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_ct_looks_less_like_them_from_elsewhere(views, sign):
    locator = comparing()
    located = locator.locate(from_afar(*views, grey=lambda drr: sign * drr))
    aside = [view.moved(motion([8, 0, 5], [0, 4, 0])) for view in views]
    assert locator.likeness(located, aside) < 0.8 * locator.likeness(located, located.projections)
    assert locator.likeness(located, views) == pytest.approx(locator.likeness(located, located.projections), rel=0.05)


def test_masks_hide_what_is_under_them():
    mask = np.zeros(FRONTAL.size_px, bool)
    mask[30:50, 40:60] = True
    maps = comparing().locate(from_afar(FRONTAL), [mask]).maps[0]
    whole = comparing().locate(from_afar(FRONTAL)).maps[0]
    assert 0 < maps.valid.mean() < 0.97 * whole.valid.mean()


def other_anatomy() -> list[XRayImage]:
    return from_afar(FRONTAL, grey=lambda drr: np.random.default_rng(0).random(drr.shape))


@pytest.mark.parametrize(
    "locator",
    [
        lambda: comparing(),
        lambda: untrained(),
        lambda: knowing(Recognising(lambda points: points * [-1, 1, 1, -1, 1, 1])),
        lambda: knowing(Recognising(np.random.default_rng(0).permutation)),
    ],
    ids=["another anatomy", "untrained", "mirrored", "anything"],
)
def test_what_is_not_recognised_has_no_pose(locator):
    given = other_anatomy() if locator() is comparing() else from_afar(FRONTAL)
    with pytest.raises(NotRecognisedError, match="does not recognise what it knows of ct.nrrd in X-ray 1; check that"):
        locator().locate(given)


def test_what_cannot_be_located_is_one_sentence():
    blank = XRayImage(np.full(FRONTAL.size_px, 3.0), FRONTAL, "X-ray 1")
    with pytest.raises(BlankXRayError, match=SHOWS_NOTHING):
        comparing().locate([blank])
    with pytest.raises(GeometryError, match="There is no X-ray to locate"):
        comparing().locate([])
    with pytest.raises(VolumeError, match="mask of X-ray 1 has"):
        comparing().locate(from_afar(FRONTAL), [np.zeros((3, 3), bool)])
    with pytest.raises(VolumeError, match="covers everything"):
        comparing().locate(from_afar(FRONTAL), [np.ones(FRONTAL.size_px, bool)])
