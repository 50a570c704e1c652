"""Where X-rays were taken from, and those that a model does not know."""

import numpy as np
import pytest

from registration_support import FRONTAL, error_mm
from scene_locating_support import (
    FAR,
    SHOWS_NOTHING,
    VIEWS,
    Comparing,
    Recognising,
    Shortsighted,
    from_afar,
    knowing,
    recognising,
    untrained,
)
from xray3d import XRayImage
from xray3d.errors import BlankXRayError, GeometryError, NotRecognisedError, VolumeError


@pytest.mark.parametrize("views", [VIEWS[:1], VIEWS[:2], VIEWS[2:], VIEWS], ids=len)
def test_xrays_are_found_from_anywhere(views):
    located = recognising().locate(from_afar(*views))
    assert error_mm(located.projections, views) < 0.2
    np.testing.assert_allclose(located.pose.transform_ras, np.linalg.inv(FAR), atol=0.5)
    assert [projection.size_px for projection in located.projections] == [view.size_px for view in views]
    assert located.pose.inlier_share > 0.9
    for view, maps, placed in zip(views, located.maps, located.pose.projections, strict=True):
        assert maps.valid.shape == placed.size_px
        seen = placed.project(maps.entry_ras[maps.valid])
        row, column = np.nonzero(maps.valid)
        assert np.abs(seen - np.c_[column, row]).max() < 0.5, view


@pytest.mark.parametrize(
    ("recognised_mm", "compared_mm", "left_mm"), [(12.0, 0.0, 0.0), (3.0, 40.0, 3.0), (0.0, 0.0, 0.0)]
)
def test_the_pose_from_where_the_ct_looks_most_like_the_xray(recognised_mm, compared_mm, left_mm):
    """Comparisons make it better, or else do no harm."""
    located = knowing(Comparing(recognised_mm, compared_mm)).locate(from_afar(*VIEWS[:2]))
    assert error_mm(located.projections, VIEWS[:2]) == pytest.approx(left_mm, abs=0.3)
    of_first = [view.moved(FAR).moved(located.placed.recognised.transform_ras) for view in VIEWS[:2]]
    assert error_mm(of_first, VIEWS[:2]) == pytest.approx(recognised_mm, abs=0.3)
    for view, maps in zip(located.pose.projections, located.maps, strict=True):
        row, column = np.nonzero(maps.valid)
        assert np.abs(view.project(maps.entry_ras[maps.valid]) - np.c_[column, row]).max() < 0.6


@pytest.mark.parametrize("views", [VIEWS[:1], VIEWS[1:2], VIEWS[:2]], ids=["across", "along", "both"])
def test_what_is_too_far_off_to_compare_with_is_tried_around(views):
    """Across one view, and along one, which hardly shows it."""
    network = Shortsighted(recognised_mm=30.0, sight_mm=22.0)
    located = knowing(network).locate(from_afar(*views))
    of_recognised = [view.moved(FAR).moved(located.placed.recognised.transform_ras) for view in views]
    assert error_mm(of_recognised, views) == pytest.approx(30.0, abs=1.0)
    assert error_mm(located.projections, views) < 0.3


def test_locating_can_be_stopped_between_comparisons():
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        knowing(Comparing(0.0, 0.0)).locate(from_afar(FRONTAL), breathe=stop)


@pytest.mark.parametrize(
    "grey", [lambda drr: -drr, lambda drr: 4000 * np.exp(-drr), lambda drr: 900 * drr**0.7], ids=["-", "exp", "gamma"]
)
def test_any_grey_scale_will_do(grey):
    """Bone dark as on a fluoroscope, or bright as on a radiograph."""
    located = recognising().locate(from_afar(FRONTAL, grey=grey))
    assert error_mm(located.projections, [FRONTAL]) < 0.2


def test_the_same_seed_gives_the_same_pose():
    given = from_afar(FRONTAL)
    first, again = (recognising().locate(given, seed=3).pose.transform_ras for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_masks_hide_what_is_under_them():
    mask = np.zeros(FRONTAL.size_px, bool)
    mask[30:50, 40:60] = True
    maps = recognising().locate(from_afar(FRONTAL), [mask]).maps[0]
    whole = recognising().locate(from_afar(FRONTAL)).maps[0]
    assert 0 < maps.valid.mean() < 0.97 * whole.valid.mean()


def other_anatomy() -> list[XRayImage]:
    return from_afar(FRONTAL, grey=lambda drr: np.random.default_rng(0).random(drr.shape))


@pytest.mark.parametrize(
    "locator",
    [
        lambda: recognising(),
        lambda: untrained(),
        lambda: knowing(Recognising(lambda points: points * [-1, 1, 1, -1, 1, 1])),
        lambda: knowing(Recognising(np.random.default_rng(0).permutation)),
    ],
    ids=["another anatomy", "untrained", "mirrored", "anything"],
)
def test_what_is_not_recognised_has_no_pose(locator):
    given = other_anatomy() if locator() is recognising() else from_afar(FRONTAL)
    with pytest.raises(NotRecognisedError, match="does not recognise what it knows of ct.nrrd in X-ray 1; check that"):
        locator().locate(given)


def test_what_cannot_be_located_is_one_sentence():
    blank = XRayImage(np.full(FRONTAL.size_px, 3.0), FRONTAL, "X-ray 1")
    with pytest.raises(BlankXRayError, match=SHOWS_NOTHING):
        recognising().locate([blank])
    with pytest.raises(GeometryError, match="There is no X-ray to locate"):
        recognising().locate([])
    with pytest.raises(VolumeError, match="mask of X-ray 1 has"):
        recognising().locate(from_afar(FRONTAL), [np.zeros((3, 3), bool)])
    with pytest.raises(VolumeError, match="covers everything"):
        recognising().locate(from_afar(FRONTAL), [np.ones(FRONTAL.size_px, bool)])
