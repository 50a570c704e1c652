"""X-rays made ready: collimators found, grey values turned, masks applied, sizes reduced."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registration_support import FRONTAL, LATERAL, ROUGH, carm, patient, xray_room, xrays
from xray3d import DRRRenderer, XRayImage
from xray3d.drr.exposure import expose
from xray3d.drr.physics.collimator import Collimator
from xray3d.drr.physics.presets import preset
from xray3d.errors import VolumeError
from xray3d.registration.field import exposed_field
from xray3d.registration.views import polarity, prepare_view

SIZE = 96
WIDE = carm(0, size_px=(120, 90), pixel_mm=(2.4, 3.2))
# The field that is found is smaller by a margin for the penumbra, and the blade is known to a pixel or so.
MARGIN = 0.09


def blades(top, bottom, left, right, shape=(SIZE, SIZE)):
    """The open field of four blades, each a share of half the image away from its middle."""
    rows, columns = shape
    y = np.abs(np.arange(rows) + 0.5 - rows / 2) / (rows / 2)
    x = np.abs(np.arange(columns) + 0.5 - columns / 2) / (columns / 2)
    upper, first = np.arange(rows) < rows / 2, np.arange(columns) < columns / 2
    return np.where(upper, y < top, y < bottom)[:, None] & np.where(first, x < left, x < right)


def disc(radius, shape=(SIZE, SIZE)):
    y, x = (np.mgrid[: shape[0], : shape[1]] + 0.5) * 2 / np.reshape(shape, (2, 1, 1)) - 1
    return np.hypot(x, y) < radius


def clouds(view):
    """An X-ray of nothing in particular, without any straight edge."""
    noise = np.random.default_rng(4).normal(size=view.size_px)
    return XRayImage(cv2.GaussianBlur(noise, (0, 0), 4.0), view, "clouds.nrrd")


def exposed(view, collimator=None, technique="fluoroscopy"):
    made = replace(preset(technique), collimator=collimator)
    return expose(xray_room(), view, made).pixels.astype(np.float32)


@pytest.mark.parametrize("view", [FRONTAL, LATERAL, carm(35, 15), WIDE], ids=["frontal", "lateral", "oblique", "wide"])
@pytest.mark.parametrize("kind", ["integrals", "fluoroscopy", "radiography"])
def test_without_a_collimator_nearly_all_of_the_image_counts(view, kind):
    """The skin of the synthetic trunk is straight and may pass for a blade: what is lost then is air."""
    pixels = xrays(view)[0].pixels if kind == "integrals" else exposed(view, technique=kind)
    assert exposed_field(pixels).mean() > 0.8


def test_noise_and_emptiness_have_no_collimator():
    assert exposed_field(np.random.default_rng(0).normal(size=(64, 80))).all()
    assert exposed_field(np.full((64, 80), 7.0)).all()


@settings(max_examples=12)
@given(st.tuples(*[st.sampled_from([0.6, 0.7, 0.8, 0.88])] * 4), st.booleans(), st.sampled_from([FRONTAL, LATERAL]))
def test_four_blades_are_found_each_on_its_own(edges, bright, view):
    image = xrays(view)[0].pixels
    open_field = blades(*edges)
    found = exposed_field(np.where(open_field, image, image.max() if bright else -1.0))
    assert not (found & ~open_field).any(), "nothing of the blades may count"
    assert found[blades(*(edge - MARGIN for edge in edges))].all(), "hardly anything of the field may be lost"


def test_blades_of_an_oblong_image_are_found():
    image = xrays(WIDE)[0].pixels
    open_field = blades(0.7, 0.8, 0.75, 0.65, WIDE.size_px)
    found = exposed_field(np.where(open_field, image, -1.0))
    assert not (found & ~open_field).any()
    assert found[blades(0.61, 0.71, 0.66, 0.56, WIDE.size_px)].all()


def test_a_single_blade_is_enough():
    image = xrays(FRONTAL)[0].pixels.copy()
    image[:15] = -1
    found = exposed_field(image)
    assert not found[:15].any()
    assert found[20:].all()


@pytest.mark.parametrize("radius", [0.7, 0.85, 1.0])
@pytest.mark.parametrize("view", [FRONTAL, LATERAL], ids=["frontal", "lateral"])
def test_a_round_field_is_found(radius, view):
    found = exposed_field(np.where(disc(radius), xrays(view)[0].pixels, -1.0))
    assert not (found & ~disc(radius)).any()
    assert found[disc(radius - MARGIN)].all()
    assert not found[0, 0]


@pytest.mark.parametrize("shape", ["rectangle", "circle"])
def test_a_real_collimator_is_found(shape):
    collimator = Collimator(shape, (210.0, 210.0))
    found = exposed_field(exposed(FRONTAL, collimator))
    field = collimator.field(FRONTAL)
    assert not (found & (field < 0.5)).any()
    lost = (field > 0.99) & ~found
    assert lost.sum() < 0.25 * (field > 0.99).sum()


@pytest.mark.parametrize("curve", [lambda drr: drr, lambda drr: np.exp(-drr), lambda drr: 900 * drr**0.6, np.negative])
@pytest.mark.parametrize("view", [FRONTAL, LATERAL, carm(35, 15)], ids=["frontal", "lateral", "oblique"])
def test_grey_values_are_turned_to_grow_with_attenuation(curve, view):
    drr = xrays(view)[0].pixels
    start = view.moved(ROUGH)
    prepared = prepare_view(XRayImage(curve(drr), view), None)
    grows = np.corrcoef(curve(drr).ravel(), drr.ravel())[0, 1] > 0
    assert (polarity(prepared, start, DRRRenderer(patient().ct), 32) > 0.3) == grows
    assert (polarity(prepared.inverted, start, DRRRenderer(patient().ct), 32) < -0.3) == grows


def test_what_counts_of_a_view_has_mean_0_and_variance_1():
    mask = np.zeros((SIZE, SIZE), bool)
    mask[40:60, 30:50] = True
    view = prepare_view(XRayImage(4000 - 100 * clouds(FRONTAL).pixels, FRONTAL), mask)
    counted = view.pixels[view.usable]
    assert (counted.mean(), counted.std()) == pytest.approx((0, 1), abs=1e-4)
    np.testing.assert_array_equal(view.usable, ~mask)


def test_a_few_outliers_do_not_set_the_scale():
    pixels = clouds(FRONTAL).pixels.copy()
    plain = prepare_view(XRayImage(pixels, FRONTAL), None).pixels
    pixels[50, 50:60] = 1e6
    spoilt = prepare_view(XRayImage(pixels, FRONTAL), None).pixels
    kept = np.delete(np.arange(SIZE * SIZE), np.arange(50 * SIZE + 50, 50 * SIZE + 60))
    assert np.abs(spoilt.ravel() - plain.ravel())[kept].max() < 0.3


def test_a_view_is_reduced_and_never_enlarged():
    mask = np.zeros(WIDE.size_px, bool)
    mask[:60] = True
    view = prepare_view(clouds(WIDE), mask)
    reduced = view.at(32)
    assert reduced.size_px == (32, 24)
    np.testing.assert_array_equal(reduced.usable, np.repeat([[0.0], [1.0]], 16, axis=0) * np.ones((1, 24)))
    np.testing.assert_allclose(reduced.image.mean(), view.pixels.mean(), atol=0.02)
    assert view.at(500).size_px == WIDE.size_px


def test_a_reduced_view_lies_where_the_resampled_projection_says():
    dot = np.zeros(WIDE.size_px, np.float32)
    dot[66:81, 27:36] = 1
    reduced = prepare_view(XRayImage(dot, WIDE), None).at(40)
    bright = reduced.image - reduced.image.min()
    rows, columns = np.indices(bright.shape)
    middle = [np.average(columns, weights=bright), np.average(rows, weights=bright)]
    point = WIDE.unproject([31, 73], 700.0)
    np.testing.assert_allclose(WIDE.resampled(reduced.size_px).project(point), middle, atol=1e-3)


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        (np.zeros((10, 12), bool), r"The mask of clouds.nrrd has \(10, 12\) pixels"),
        (np.zeros((3, SIZE, SIZE), bool), "The mask of clouds.nrrd has"),
        (np.ones((SIZE, SIZE), bool), "The mask of clouds.nrrd covers everything"),
    ],
)
def test_masks_that_cannot_be_used_are_named(mask, says):
    with pytest.raises(VolumeError, match=says) as error:
        prepare_view(clouds(FRONTAL), mask)
    assert ";" in str(error.value), "the sentence says what to do"


def test_masks_of_any_number_type_are_taken():
    mask = np.zeros((SIZE, SIZE), bool)
    mask[20:40] = True
    as_bytes = prepare_view(clouds(FRONTAL), (255 * mask).astype(np.uint8))
    np.testing.assert_array_equal(as_bytes.usable, ~mask)


def test_an_image_of_one_grey_value_shows_nothing():
    with pytest.raises(VolumeError, match="blank.nrrd shows nothing"):
        prepare_view(XRayImage(np.full((SIZE, SIZE), 4.0), FRONTAL, "blank.nrrd"), None)
    half = np.full((SIZE, SIZE), 4.0)
    half[:30] = np.arange(SIZE)
    mask = np.zeros((SIZE, SIZE), bool)
    mask[:31] = True
    with pytest.raises(VolumeError, match="shows nothing"):
        prepare_view(XRayImage(half, FRONTAL), mask)


@pytest.mark.parametrize(
    ("longest_px", "least_mm", "size"),
    [(30, 0.0, (30, 22)), (30, 3.0, (30, 22)), (1000, 0.0, WIDE.size_px), (90, 4.0, (71, 53)), (1000, 4.0, (71, 53))],
)
def test_pixels_are_few_enough_and_large_enough(longest_px, least_mm, size):
    """Both sides of the receptor are 288 mm: 282 mm at a metre."""
    reduced = prepare_view(xrays(WIDE)[0], None).at(longest_px, least_mm)
    assert reduced.image.shape == reduced.usable.shape == size
